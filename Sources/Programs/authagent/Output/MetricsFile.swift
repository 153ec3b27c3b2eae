internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

/// The file, or standard output, that gets the status as metrics.
struct MetricsFile {
    /// `nil` is standard output.
    private let file: ReplacedFile?

    /// Refuses a file that cannot be replaced before the agent is asked.
    init(_ path: String) throws {
        guard path != "-" else {
            file = nil
            return
        }
        do throws(Fault) { file = try ReplacedFile(absolutePath(path), in: .any) } catch { throw Failure(error) }
    }

    /// Writes what the agent reports. Without a report it writes that there is none, and throws the reason.
    ///
    /// It does not start the agent: what starts an agent that has ended does not notice that it had.
    func write(_ report: (AgentConnection) throws -> StatusReport) throws {
        let socket = (try? SocketPath.resolve())?.text ?? ""
        let answer: Result<StatusReport, any Error> = Result {
            try report(AgentConnection.open(startIfNeeded: false))
        }
        let text = StatusMetrics(socket: socket, now: time(nil)).text(try? answer.get())
        do { try put(text) } catch {
            // The agent's failure is the one that counts, and both need a repair.
            if case .failure = answer { Console.report(Failure(any: error)) } else { throw error }
        }
        _ = try answer.get()
    }

    private func put(_ text: String) throws {
        guard let file else {
            var text = text
            return text.withUTF8(Console.print(line:))
        }
        // For node_exporter, which is another user. It names accounts, and holds no secret.
        do throws(Fault) { try file.replace(with: Array(text.utf8), mode: 0o644) } catch { throw Failure(error) }
    }
}
