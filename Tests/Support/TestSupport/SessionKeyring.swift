import Foundation

/// A keyring on a session bus of its own.
public protocol SessionKeyring: Sendable {
    /// What a program needs to find the bus, the keyring and nothing of the tester's.
    var environment: [String: String] { get }
}

extension SessionKeyring {
    /// The refresh token in a record as the agent wrote it: base64url, or the JSON object itself, as an older agent did.
    static func refreshToken(in record: String) throws -> String? {
        var text = record.replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        let json = Data(base64Encoded: text) ?? Data(record.utf8)
        let members = try JSONSerialization.jsonObject(with: json) as? [String: Any]
        return members?["refresh_token"] as? String
    }
}
