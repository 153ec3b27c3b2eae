import AgentAPI
import AuthagentClient
import Foundation
import TestSupport

extension AgentHome {
    /// The agent's status of an account, without a client process; `nil` if the agent is not running.
    func status(of account: String) -> AccountStatus? {
        guard let path = try? SocketPath(socket), let connection = try? AgentSocket(connectedTo: path) else {
            return nil
        }
        let request = "GET /v1/accounts/\(account) HTTP/1.0\r\n\r\n"
        guard send(connection.raw, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else { return nil }
        var reply: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = recv(connection.raw, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            reply += chunk.prefix(count)
        }
        guard let body = String(decoding: reply, as: UTF8.self).range(of: "\r\n\r\n") else { return nil }
        let text = String(decoding: reply, as: UTF8.self)[body.upperBound...]
        return try? APIJSON.decode(AccountStatus.self, from: text.utf8)
    }
}
