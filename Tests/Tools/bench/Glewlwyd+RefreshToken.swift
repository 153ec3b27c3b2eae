import Foundation
import TestSupport

extension Glewlwyd {
    /// Logs in with a device grant, and returns the refresh token.
    func refreshToken(client: String, secret: String) async throws -> String {
        let codes = try await post(
            "/device_authorization", ["scope=\(Glewlwyd.scopes.joined(separator: " "))"], client, secret)
        guard let deviceCode = codes["device_code"] as? String, let userCode = codes["user_code"] as? String else {
            throw BenchFailure("glewlwyd gives no code")
        }
        try await approve(userCode, client: client)
        let tokens = try await post(
            "/token",
            ["grant_type=urn:ietf:params:oauth:grant-type:device_code", "device_code=\(deviceCode)"], client, secret)
        guard let token = tokens["refresh_token"] as? String else { throw BenchFailure("glewlwyd gives no token") }
        return token
    }

    private func post(
        _ path: String, _ form: [String], _ client: String, _ secret: String
    ) async throws -> [String: Any] {
        let curl = try MissingProgram.require("curl", package: "curl")
        let fields = form.flatMap { ["--data-urlencode", $0] }
        let result = try await ChildProcess.run(
            curl, ["-sS", "--max-time", "20", "-u", "\(client):\(secret)"] + fields + [issuer + path])
        return try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any] ?? [:]
    }
}
