internal import AgentAPI
internal import Glibc
public import Logging
public import Policy
public import ServiceLifecycle
internal import System

/// The server of systemd's `LoadCredential=` (systemd.exec(5)): it reads nothing, sends the token, and closes.
public struct CredentialServer: Service {
    private let listeners: [Int32]
    private let service: any AgentService
    private let gate: CredentialGate
    private let logger: Logger
    private let most: Int
    private let pause: @Sendable (Duration) async -> Void

    /// The unit's start waits for it. Less than the 90 s of a start, so that Restart= can try again.
    package static let patience: Duration = .seconds(10)

    /// Takes ownership of descriptors that are listening. `most`: the connections at once, each of which may need a thread.
    public init(
        listeners: [Int32], service: any AgentService, access: Access, rules: CredentialRules, logger: Logger,
        most: Int = 64,
        pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        self.listeners = listeners
        self.service = service
        gate = CredentialGate(access: access, rules: rules)
        self.logger = logger
        self.most = most
        self.pause = pause
    }

    public func run() async throws {
        let (connections, accepted) = AsyncStream.makeStream(of: Int32.self)
        let acceptor =
            listeners.isEmpty
            ? nil
            : try CredentialAcceptor(
                listeners, most: most, { Self.hand($0, to: accepted) }, ended: { accepted.finish() })
        // A connection that has been accepted is answered, also when the agent stops: to close it without an answer would
        // be an empty credential. So the stream ends after the thread that accepts, and not before.
        await withDiscardingTaskGroup { group in
            await withGracefulShutdownHandler {
                for await socket in connections {
                    group.addTask {
                        await answer(socket)
                        close(socket)
                        acceptor?.release()
                    }
                }
            } onGracefulShutdown: {
                if let acceptor { acceptor.stop() } else { accepted.finish() }
            }
        }
        // Also if the service was cancelled.
        acceptor?.stop()
    }

    /// Hands over a connection, or refuses it if none is taken any more.
    package static func hand(_ socket: Int32, to connections: AsyncStream<Int32>.Continuation) {
        if case .enqueued = connections.yield(socket) { return }
        CredentialReply.refuseAtOnce(socket)
        close(socket)
    }

    private func answer(_ socket: Int32) async {
        guard let identity = try? gate.access.peer(socket) else { return await CredentialReply.refuse(socket) }
        let request = PeerAddress.abstractName(of: socket).flatMap(CredentialRequest.init)
        switch await gate.decide(request, identity) {
        case .stranger: return
        case .refused: await CredentialReply.refuse(socket)
        case .allowed(let rule, let caller, let number):
            let problem: Problem
            do throws(Problem) {
                let token = try await token(for: rule)
                let isSent = await CredentialReply.send(token, to: socket)
                return gate.record(caller, request, isSent ? .allowed : .failed(.timeout), rule, number: number)
            } catch { problem = error }
            gate.record(caller, request, .failed(problem.code), rule, number: number)
            logger.warning(
                "a unit's credential cannot be served, so that it does not start",
                metadata: [
                    "unit": "\(request?.unit ?? "")", "credential": "\(request?.credential ?? "")",
                    "account": "\(rule.account)", "problem": "\(problem.detail)", "hint": "\(problem.hint ?? "")",
                ])
            await CredentialReply.refuse(socket)
        }
    }

    /// Returns the credential, from memory or within `patience`.
    private func token(for rule: CredentialRule) async throws(Problem) -> [UInt8] {
        let (results, result) = AsyncStream.makeStream(
            of: Result<[UInt8], Problem>.self, bufferingPolicy: .bufferingOldest(1))
        // Unstructured tasks: the unit must not wait for a request that does not end with its task.
        let work = Task {
            do throws(Problem) {
                result.yield(
                    .success(try await service.credential(of: rule.account, for: rule.target, as: rule.what)))
            } catch { result.yield(.failure(error)) }
        }
        let alarm = Task {
            await pause(Self.patience)
            result.yield(
                .failure(
                    Problem(
                        .timeout, "there was no token within \(Self.patience.components.seconds) s",
                        hint: "run 'authagent status \(rule.account)' to see why; Restart=on-failure tries again")))
        }
        defer {
            work.cancel()
            alarm.cancel()
        }
        var first: Result<[UInt8], Problem>?
        for await result in results {
            first = result
            break
        }
        guard let bytes = try first?.get() else {
            throw Problem(.timeout, "the agent stops", hint: "start the unit again")
        }
        guard (1...CredentialReply.largest).contains(bytes.count) else {
            throw Problem(
                .internalError, "the token is too long for a credential",
                hint: "use a sink, or have the unit request the token from the agent's socket")
        }
        return bytes
    }
}
