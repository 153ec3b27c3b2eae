/// Which token is exchanged, with the names of the account file's key `subject_token`.
public enum SubjectTokenKind: String, CaseIterable, Sendable {
    case accessToken = "access_token"
    case idToken = "id_token"
    /// A JWT of another kind: a file's, or one that the subject account was issued.
    case jwt
}
