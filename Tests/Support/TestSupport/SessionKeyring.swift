import Foundation

/// A keyring on a private session bus.
public protocol SessionKeyring: Sendable {
    /// The variables that lead to the bus and the keyring, without the tester's.
    var environment: [String: String] { get }
}

extension SessionKeyring {
    /// The refresh token in a record as the agent wrote it: base64url, or plain JSON by an old agent.
    static func refreshToken(in record: String) throws -> String? {
        var text = record.replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        let json = Data(base64Encoded: text) ?? Data(record.utf8)
        let members = try JSONSerialization.jsonObject(with: json) as? [String: Any]
        return members?["refresh_token"] as? String
    }
}
