public import OAuth
import SecretMemory
import Synchronization

/// An authorization server without a network: each endpoint replies from its own script and repeats the last line.
public final class FakeProvider: HTTPTransport {
    public enum Endpoint: String, Sendable {
        case metadata, device, token, revocation, keys, introspection, register, backchannel
        /// Pushed authorization requests (RFC 9126).
        case par
        /// The services of AWS that give credentials of roles.
        case portal, sts
    }

    public typealias Answer = Result<HTTPResponse, TransportFailure>

    private struct State {
        var scripts: [Endpoint: [Answer]] = [:]
        var requests: [(endpoint: Endpoint, request: HTTPRequest)] = []
        var gate: Gate?
    }

    private let state = Mutex(State())

    public static let issuer = "https://issuer.example"
    /// Endpoint names of AWS and others.
    private static let others = [
        "device_authorization": Endpoint.device, "logout": .revocation, "revoke": .revocation, "credentials": .portal,
    ]

    /// Publishes metadata, issues user codes that stay pending, and revokes.
    public init() {
        script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"\(Self.issuer)","device_authorization_endpoint":"\(Self.issuer)/device",
                "token_endpoint":"\(Self.issuer)/token","revocation_endpoint":"\(Self.issuer)/revocation",
                "introspection_endpoint":"\(Self.issuer)/introspection","jwks_uri":"\(Self.issuer)/keys"}
                """)
        )
        script(
            .device,
            .json(
                200,
                """
                {"device_code":"secret-device-code","user_code":"WDJB-MJHT","expires_in":600,"interval":5,
                "verification_uri":"\(Self.issuer)/activate"}
                """)
        )
        script(.token, .json(400, #"{"error":"authorization_pending"}"#))
        script(.revocation, .json(200, ""))
    }

    /// Adds a registration endpoint to the metadata, with these replies.
    public func register(_ answers: Answer...) {
        script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"\(Self.issuer)","device_authorization_endpoint":"\(Self.issuer)/device",
                "token_endpoint":"\(Self.issuer)/token","revocation_endpoint":"\(Self.issuer)/revocation",
                "registration_endpoint":"\(Self.issuer)/register",
                "token_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"]}
                """)
        )
        state.withLock { $0.scripts[.register] = answers }
    }

    /// Replaces an endpoint's script.
    public func script(_ endpoint: Endpoint, _ answers: Answer...) {
        state.withLock { $0.scripts[endpoint] = answers }
    }

    /// Makes every request wait at the gate.
    public func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }

    /// The bodies of the requests to an endpoint.
    public func requests(_ endpoint: Endpoint) -> [String] {
        all(endpoint).map { $0.body?.revealedText() ?? "" }
    }

    /// The requests to an endpoint.
    public func all(_ endpoint: Endpoint) -> [HTTPRequest] {
        state.withLock { $0.requests.filter { $0.endpoint == endpoint }.map(\.request) }
    }

    /// The URLs of the requests of that kind.
    public func urls(_ endpoint: Endpoint) -> [String] {
        all(endpoint).map(\.url.text)
    }

    public func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let last = request.url.text.prefix { $0 != "?" }.split(separator: "/").last.map(String.init) ?? ""
        let endpoint = Endpoint(rawValue: last) ?? Self.others[last] ?? .metadata
        let (gate, answer) = state.withLock { state -> (Gate?, Answer) in
            state.requests.append((endpoint, request))
            guard var script = state.scripts[endpoint], let first = script.first else {
                return (state.gate, .failure(.unreachable("no script")))
            }
            if script.count > 1 {
                script.removeFirst()
                state.scripts[endpoint] = script
            }
            return (state.gate, first)
        }
        await gate?.pass()
        return try answer.get()
    }
}

extension FakeProvider.Answer {
    public static func json(_ status: Int, _ body: String) -> Self {
        .success(
            HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
        )
    }

    /// A token reply of RFC 6749 §5.1.
    public static func grant(
        access: String, refresh: String? = nil, expiresIn: Int? = 3600, idToken: String? = nil,
        refreshExpiresIn: Int? = nil, scope: String? = nil
    ) -> Self {
        var members = [#""access_token":"\#(access)""#, #""token_type":"Bearer""#]
        if let refresh { members.append(#""refresh_token":"\#(refresh)""#) }
        if let scope { members.append(#""scope":"\#(scope)""#) }
        if let idToken { members.append(#""id_token":"\#(idToken)""#) }
        if let expiresIn { members.append(#""expires_in":\#(expiresIn)"#) }
        if let refreshExpiresIn { members.append(#""refresh_expires_in":\#(refreshExpiresIn)"#) }
        return .json(200, "{\(members.joined(separator: ","))}")
    }

    public static func error(_ code: String, status: Int = 400) -> Self { .json(status, #"{"error":"\#(code)"}"#) }
}
