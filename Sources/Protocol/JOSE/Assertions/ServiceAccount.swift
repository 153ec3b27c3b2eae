internal import Formats
internal import OAuth

/// The holder of a key, as Google's JSON key files name it.
package struct ServiceAccount: Equatable, Sendable {
    /// The issuer of its assertions.
    package let email: String
    /// Where its assertions are for; `nil` if the file does not say.
    package let tokenURI: String?

    /// `nil` if the file names no holder.
    init?(_ fields: ReplyFields) {
        guard let email = fields.string("client_email") else { return nil }
        self.email = email
        tokenURI = fields.string("token_uri")
    }
}
