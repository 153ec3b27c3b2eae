public import AgentAPI

/// A pattern of `aws_roles`: `ACCOUNT_ID/ROLE` of IAM Identity Center, or `arn:PARTITION:iam::ACCOUNT_ID:role/…` of a
/// role that trusts the login's issuer. The parts are matched by themselves, so that no `*` reaches over them.
public struct AWSRolePattern: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private let account: Glob
    /// The name, or what follows the account in an ARN, with its path.
    private let role: Glob
    /// `nil` for roles of IAM Identity Center.
    private let partition: Glob?

    /// `nil` if the text cannot match a role.
    public init?(_ text: String) {
        description = text
        if text.hasPrefix("arn:") {
            let fields = AWSRole.fields(of: text)
            guard text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), fields.count == 6,
                Self.isPart(fields[1], in: 1...32), fields[2] == "iam", fields[3].isEmpty,
                Self.isAccount(fields[4]), fields[5].hasPrefix("role/"), fields[5].utf8.count > 5
            else { return nil }
            (partition, account) = (Glob(String(fields[1])), Glob(String(fields[4])))
            role = Glob(String(fields[5].dropFirst(5)))
        } else {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, Self.isAccount(parts[0]), Self.isPart(parts[1], in: 1...64) else { return nil }
            partition = nil
            (account, role) = (Glob(String(parts[0])), Glob(String(parts[1])))
        }
    }

    public func matches(_ wanted: AWSRole) -> Bool {
        switch (wanted, partition) {
        case (.assigned(let name, let owner), nil): account.matches(owner) && role.matches(name)
        case (.trusting(let arn, _, _), let partition?):
            {
                let fields = AWSRole.fields(of: arn)
                return fields.count == 6 && partition.matches(String(fields[1])) && account.matches(String(fields[4]))
                    && role.matches(String(fields[5].dropFirst(5)))
            }()
        case (.assigned, _), (.trusting, nil): false
        }
    }

    /// Digits and stars; without a star, the 12 digits of an account.
    private static func isAccount(_ text: Substring) -> Bool {
        guard text.contains("*") else { return AWSRole.isAccount(text) }
        return text.utf8.count <= 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "*") }
    }

    private static func isPart(_ text: Substring, in lengths: ClosedRange<Int>) -> Bool {
        AWSRole.isName(text.map { $0 == "*" ? "x" : String($0) }.joined(), in: lengths)
    }
}
