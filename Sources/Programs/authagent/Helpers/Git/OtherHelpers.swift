/// Where git's other credential helpers stand in its configuration, whatever host they are for: git itself decides
/// which it asks. git-credential-cache, which writes to no disk, does not count if git tells it the expiry.
struct OtherHelpers {
    /// Before the last place of this program, so that git has called them when it calls this one.
    private(set) var hasEarlier = false
    private(set) var hasLater = false

    /// `configuration`: what `git config --null --get-regexp` prints, a name, a line feed and a value for each.
    init(_ configuration: [UInt8], knowExpiry: Bool) {
        for entry in configuration.split(separator: 0) {
            let value = entry.drop { $0 != 10 }.dropFirst()
            let helper = String(decoding: value, as: UTF8.self)
            if helper.isEmpty || knowExpiry && (helper == "cache" || helper.hasPrefix("cache ")) { continue }
            if helper.contains("authagent") {
                hasEarlier = hasEarlier || hasLater
                hasLater = false
            } else {
                hasLater = true
            }
        }
    }
}
