internal import AgentAPI
internal import Formats
internal import OAuth

/// How a login by code gets its response: by a listener of its own, or from a client alone.
struct RedirectReception: Sendable {
    /// As the provider gets it, with the listener's port.
    let redirectURI: RedirectURI
    private let listener: (any RedirectListener)?
    /// Why the login has to do without a listener, for the user; `nil` if none is expected.
    let note: String?

    var shortURI: String? { listener?.shortURI }

    /// Opens the listener if the redirect URI is on this machine.
    static func open(
        at redirectURI: RedirectURI, _ listeners: any RedirectListening, _ inbox: AuthorizationInbox,
        _ randomBytes: (Int) -> [UInt8]
    ) async throws(LoginError) -> Self {
        guard redirectURI.isLoopback else { return Self(redirectURI: redirectURI, listener: nil, note: nil) }
        do throws(RedirectListenFailure) {
            let login = ListenedLogin(
                account: inbox.account.description, shortPath: shortPath(randomBytes),
                take: { RedirectVerdict(inbox.take($0.utf8, from: .listener)) }, led: { inbox.use($0) })
            let listener = try await listeners.listen(at: redirectURI, for: login)
            return Self(redirectURI: redirectURI.withPort(listener.port), listener: listener, note: nil)
        } catch {
            guard case .unavailable(let detail) = error else { throw .listener(error) }
            return Self(
                redirectURI: redirectURI, listener: nil,
                note: "no listener: \(detail); hand over the address to which the browser is sent")
        }
    }

    /// Leads the short address to the provider's.
    func lead(to authorizationURI: String) { listener?.lead(to: authorizationURI) }

    func close() { listener?.close() }

    /// Without letters and digits that look alike; a person types it.
    private static let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789".utf8)
    private static let length = 6

    /// A path that other users of the machine do not guess within the login's time.
    private static func shortPath(_ randomBytes: (Int) -> [UInt8]) -> String {
        var path = [UInt8(ascii: "/")]
        // Bytes above the largest multiple would make the first letters more frequent.
        let limit = 256 - 256 % alphabet.count
        while path.count <= length {
            for byte in randomBytes(length) where Int(byte) < limit && path.count <= length {
                path.append(alphabet[Int(byte) % alphabet.count])
            }
        }
        return String(decoding: path, as: UTF8.self)
    }
}
