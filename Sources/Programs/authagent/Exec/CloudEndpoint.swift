internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import LoopbackHTTP
internal import System

/// An endpoint at a loopback address for the libraries of a cloud, with a secret that only this command's environment has.
struct CloudEndpoint {
    private let server: LoopbackServer
    /// Checks that the agent can answer for the account now.
    private let check: @Sendable () throws -> Void
    private let variables: [(name: String, value: String?)]

    /// Credentials of a role, in the protocol of containers of Amazon ECS and EKS.
    static func aws(_ account: AccountName, _ request: AWSCredentialsRequest) throws(Failure) -> CloudEndpoint {
        let secret = EndpointSecret()
        let source = ContainerCredentials(account: account, request: request, secret: secret)
        let server = try server(errorBody: ContainerCredentials.errorBody, source.reply)
        return CloudEndpoint(
            server: server, check: { _ = try source.credentials() },
            variables: ContainerCredentials.variables(port: server.port, secret))
    }

    /// Access tokens, in the protocol of managed identities of Azure App Service.
    static func azure(_ account: AccountName) throws(Failure) -> CloudEndpoint {
        let secret = EndpointSecret()
        let source = ManagedIdentity(account: account, secret: secret)
        let server = try server(errorBody: ManagedIdentity.errorBody, source.reply)
        return CloudEndpoint(
            server: server, check: source.requireLogin,
            variables: ManagedIdentity.variables(port: server.port, secret))
    }

    private static func server(
        errorBody: @escaping @Sendable (Int, String) -> [UInt8], _ handler: @escaping LoopbackServer.Handler
    ) throws(Failure) -> LoopbackServer {
        do throws(LoopbackServer.ListenFailure) {
            return try LoopbackServer(for: .programs(errorBody: errorBody), handler: handler)
        } catch {
            throw Failure(
                "cannot \(error.call): \(String(cString: strerror(error.code)))", hint: "see 'ip address show dev lo'")
        }
    }

    func requireUsable() throws { try check() }

    func change(_ environment: inout CommandEnvironment) {
        for (name, value) in variables { environment.set(name, to: value) }
        // A proxy would get the secret, and cannot reach the endpoint.
        let proxies = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        guard proxies.contains(where: { getenv($0) != nil }) else { return }
        let names = ["no_proxy", "NO_PROXY"]
        let others = names.lazy.compactMap { getenv($0) }.map { String(cString: $0) }.first { !$0.isEmpty }
        for name in names { environment.set(name, to: others.map { $0 + ",127.0.0.1" } ?? "127.0.0.1") }
    }

    /// Serves on threads until the process ends. Returns false if the system has none.
    func start() -> Bool { server.start() }
}

extension Failure {
    /// The status of an endpoint's reply. Libraries try again after 429 and 5xx.
    var endpointStatus: Int {
        switch code {
        case .loginRequired, .forbidden: 403
        case .agentUnreachable, .providerUnreachable, .storeUnavailable: 503
        default: problemCode == Problem.Code.tooManyRequests.rawValue ? 429 : 500
        }
    }

    /// One line for a library's error message.
    var endpointMessage: String { Console.clean(hint.map { "\(message); \($0)" } ?? message) }
}
