internal import AgentAPI
internal import Vault

/// The name of a record's file: `ACCOUNT~PURPOSE~GENERATION`. Account names never contain a tilde.
///
/// Each write creates a file of the next generation; the previous file is removed after the new one was read back.
struct RecordFile: Equatable, Sendable {
    let key: RecordKey
    let generation: UInt64

    private static let revocation = "revocation-"
    /// Unreachable by counting: records are not written that often.
    static let largestGeneration: UInt64 = 1 << 62
    /// Above it, a file that cannot be opened is not assumed to be as new as its name claims.
    static let largestLikelyGeneration: UInt64 = 1 << 32
    /// In bytes; twice as many hex digits still fit into a file name.
    private static let longestID = 48

    init(_ key: RecordKey, generation: UInt64) {
        self.key = key
        self.generation = generation
    }

    /// `nil` if the file is not a record.
    init?(name: String) {
        let parts = name.split(separator: "~", omittingEmptySubsequences: false)
        guard parts.count == 3, let account = AccountName(parts[0]), let generation = UInt64(parts[2]),
            String(generation) == parts[2], generation < Self.largestGeneration
        else { return nil }
        if parts[1] == "login" {
            self.init(RecordKey(account: account, purpose: .login), generation: generation)
        } else {
            guard parts[1].hasPrefix(Self.revocation),
                let id = Self.text(hexadecimal: parts[1].dropFirst(Self.revocation.count))
            else { return nil }
            self.init(RecordKey(account: account, purpose: .revocation(id)), generation: generation)
        }
    }

    /// `nil` for a key that cannot be a file name.
    static func stem(of key: RecordKey) -> String? {
        switch key.purpose {
        case .login: return "\(key.account)~login"
        case .revocation(let id):
            guard (1...longestID).contains(id.utf8.count) else { return nil }
            let digits = id.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return "\(key.account)~\(revocation)\(digits)"
        }
    }

    private static func text(hexadecimal digits: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = digits
        while !rest.isEmpty {
            guard rest.count >= 2, let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
    }
}
