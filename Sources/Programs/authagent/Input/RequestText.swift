internal import ArgumentParser

/// A text that goes into the head of a request, for which the agent has a limit.
enum RequestText {
    /// With its percent-encoding it stays within that limit.
    static let longest = 4 * 1024

    static func check(_ text: String, _ name: String) throws {
        guard text.utf8.count <= longest else {
            throw ValidationError("\(name) is longer than \(longest) bytes")
        }
    }
}
