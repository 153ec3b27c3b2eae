internal import Formats
public import SecretMemory

/// What the browser brought back from the authorization server (RFC 6749 §4.1.2).
public enum AuthorizationResponse: Sendable {
    /// For one token request.
    case code(SecretBytes)
    /// The provider's refusal of this login, which ends it. Its status is that of a redirect.
    case refused(ProviderError)
    /// Not a response to this login, which stays as it is.
    case ignored(Rejection)

    /// In bytes, as it is sent; codes have up to some thousand.
    public static let longest = 64 * 1024

    /// Reads a response: a whole address, its path and query, its query, or base64 of one of these, which AWS's pages
    /// show to be copied. `allowsBareCode`: a code may come without its state, and alone.
    public init(
        _ text: some Collection<UInt8>, to transaction: AuthorizationTransaction, allowsBareCode: Bool = false
    ) {
        defer { DeadStack.clear() }
        do throws(Rejection) {
            self = try Self.read(ResponseText(text), transaction, allowsBareCode)
        } catch {
            self = .ignored(error)
        }
    }

    private static func read(
        _ text: ResponseText, _ transaction: AuthorizationTransaction, _ allowsBareCode: Bool
    ) throws(Rejection) -> AuthorizationResponse {
        guard let parameters = try text.parameters(at: transaction.redirectURI) else {
            guard allowsBareCode, let code = text.bareCode else { throw .unreadable }
            return .code(code)
        }
        // RFC 9700 §2.1.2: what the login did not request is not used.
        guard !parameters.has("access_token"), !parameters.has("id_token") else { throw .tokens }
        guard !parameters.has("response") else { throw .signedResponse }
        let (code, error) = (try parameters.word("code"), try parameters.word("error"))
        guard code != nil || error != nil else { throw .noCode }
        // The state first: without it, nothing of the response is this login's, not even an error.
        if let state = try parameters.word("state") {
            guard state == transaction.state else { throw .unknownState }
        } else if error != nil || !allowsBareCode {
            throw .noState(error: error.flatMap(knownCode))
        }
        let issuer = try parameters.word("iss")
        try transaction.sender.check(issuer?.revealedText())
        switch (code, error) {
        case (let code?, nil): return .code(code)
        case (nil, let error?): return .refused(refusal(error, parameters, transaction))
        default: throw .malformed("error")
        }
    }

    /// A code that an RFC or a provider defines, which can be shown without its text.
    private static func knownCode(_ error: SecretBytes) -> String? {
        let text = error.revealedText()
        return ErrorCode(word: text) == nil ? nil : DisplayText.clean(text, limit: 64)
    }

    private static func refusal(
        _ error: SecretBytes, _ parameters: ResponseParameters, _ transaction: AuthorizationTransaction
    ) -> ProviderError {
        let redaction = Redaction([transaction.state, transaction.proofKey.verifier])
        func visible(_ text: String, limit: Int) -> String? {
            let text = redaction.clean(text, limit: limit)
            return text.isEmpty ? nil : text
        }
        return ProviderError(
            code: knownCode(error) ?? visible(error.revealedText(), limit: 64) ?? "unknown_error",
            detail: parameters.text("error_description").flatMap { visible($0, limit: 300) },
            status: 302)
    }
}

extension AuthorizationResponse {
    /// Why a text is not a response to the login. Has nothing secret, and of a stranger's words at most a known code.
    public enum Rejection: Error, Equatable, Sendable {
        case tooLong
        case unreadable
        case otherAddress(expected: RedirectURI)
        /// Behind a '#', as the implicit flow has it.
        case fragment
        case tokens
        /// JWT Secured Authorization Response Mode, which was not requested.
        case signedResponse
        case duplicate(String)
        case malformed(String)
        case noCode
        /// `error`: the known code of an error without a state.
        case noState(error: String?)
        case unknownState
        /// RFC 9207 §2.4.
        case noIssuer
        case otherIssuer
        /// The account has endpoints and no issuer, and the response names one at another place.
        case unknownIssuer
    }
}

extension AuthorizationResponse.Rejection: CustomStringConvertible {
    /// The text for the user; follows the name of the ignored thing, the response.
    public var description: String {
        switch self {
        case .tooLong: "it is longer than \(AuthorizationResponse.longest / 1024) KiB"
        case .unreadable: "it is neither the address to which the browser was sent, nor its query"
        case .otherAddress(let expected): "it is not an address of this login, which begins with '\(expected)'"
        case .fragment: "its answer is behind a '#', as in the implicit flow; a code comes in the query"
        case .tokens: "it has tokens, as in the implicit flow; the login takes a code alone (RFC 9700 §2.1.2)"
        case .signedResponse: "it is a signed response (JARM), which the login did not request"
        case .duplicate(let name): "it has '\(name)' twice"
        case .malformed(let name): "its '\(name)' is malformed"
        case .noCode: "it has neither a code nor an error"
        case .noState(nil): "it has no 'state', so it may belong to another login"
        case .noState(let error?): "it reports '\(error)', but has no 'state', so it may belong to another login"
        case .unknownState: "its 'state' is not this login's: it belongs to another or an earlier one"
        case .noIssuer: "it does not name its issuer, as this provider's responses do (RFC 9207)"
        case .otherIssuer: "it names another issuer than this login's (RFC 9207)"
        case .unknownIssuer:
            "it names an issuer, and the account names none (RFC 9207); give --issuer with the provider's own"
        }
    }

    /// A word for logs and programs.
    public var code: String {
        switch self {
        case .tooLong: "too_long"
        case .unreadable: "unreadable"
        case .otherAddress: "other_address"
        case .fragment: "fragment"
        case .tokens: "tokens"
        case .signedResponse: "signed_response"
        case .duplicate: "duplicate_parameter"
        case .malformed: "malformed_parameter"
        case .noCode: "no_code"
        case .noState: "no_state"
        case .unknownState: "unknown_state"
        case .noIssuer: "no_issuer"
        case .otherIssuer: "other_issuer"
        case .unknownIssuer: "unknown_issuer"
        }
    }
}
