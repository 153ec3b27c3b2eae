/// A role at AWS whose credentials a program requests. Valid by AWS's own rules for names.
public enum AWSRole: Hashable, Sendable {
    /// A role of an account at IAM Identity Center: the access token of the login brings its credentials.
    case assigned(role: String, account: String)
    /// A role that trusts the issuer of the login's ID token. `duration` is in seconds.
    case trusting(arn: String, sessionName: String?, duration: Int?)

    /// Whether the credentials are for the login's ID token, and not for its access token.
    public var needsIDToken: Bool {
        switch self {
        case .assigned: false
        case .trusting: true
        }
    }

    /// As rules, records and messages name it: `ACCOUNT_ID/ROLE`, or the ARN.
    public var text: String {
        switch self {
        case .assigned(let role, let account): "\(account)/\(role)"
        case .trusting(let arn, _, _): arn
        }
    }

    /// The 12 digits of the account that the role belongs to.
    public var account: String {
        switch self {
        case .assigned(_, let account): account
        case .trusting(let arn, _, _): String(Self.fields(of: arn)[4])
        }
    }

    /// Why a request names no role.
    public struct Invalid: Error, Equatable, Sendable {
        /// The member of the request that is wrong.
        public let member: AWSCredentialsRequest.CodingKeys
        public let problem: String
    }

    /// The range of `DurationSeconds` at AssumeRoleWithWebIdentity.
    public static let durations = 900...43_200

    /// The six fields of an ARN; the last may contain colons.
    package static func fields(of arn: String) -> [Substring] {
        arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
    }

    package static func isAccount(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Whether the text has only characters of `[\w+=,.@-]`, which AWS allows in names of roles and sessions.
    package static func isName(_ text: some StringProtocol, in lengths: ClosedRange<Int>) -> Bool {
        lengths.contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "_+=,.@-".utf8.contains(byte)
                }
            }
    }

    /// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME` of at most 2048 visible characters.
    static func isARN(_ text: String) -> Bool {
        let fields = fields(of: text)
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), fields.count == 6,
            fields[0] == "arn", fields[1] == "aws" || fields[1].hasPrefix("aws-"), isName(fields[1], in: 3...32),
            fields[2] == "iam", fields[3].isEmpty, isAccount(fields[4]), fields[5].hasPrefix("role/"),
            let name = fields[5].dropFirst(5).split(separator: "/", omittingEmptySubsequences: false).last
        else { return false }
        return isName(name, in: 1...64)
    }
}
