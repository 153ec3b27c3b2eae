/// The text form of a record's purpose in a store.
extension RecordKey.Purpose {
    private static let revocation = "revocation:"

    public var text: String {
        switch self {
        case .login: "login"
        case .revocation(let id): Self.revocation + id
        }
    }

    public init?(text: String) {
        if text == "login" {
            self = .login
        } else if text.hasPrefix(Self.revocation) {
            self = .revocation(String(text.dropFirst(Self.revocation.count)))
        } else {
            return nil
        }
    }
}
