/// Where git's other credential helpers stand in its configuration, whatever host they are for: git itself decides
/// which it asks.
struct OtherHelpers {
    /// Before the last place of this program, so that git has called them when it calls this one.
    private(set) var hasEarlier = false
    private(set) var hasLater = false

    /// `configuration`: what `git config --null --get-regexp` prints, a name, a line feed and a value for each.
    init(_ configuration: [UInt8]) {
        for entry in configuration.split(separator: 0) {
            let value = entry.drop { $0 != 10 }.dropFirst()
            if value.isEmpty { continue }
            if String(decoding: value, as: UTF8.self).contains("authagent") {
                hasEarlier = hasEarlier || hasLater
                hasLater = false
            } else {
                hasLater = true
            }
        }
    }
}
