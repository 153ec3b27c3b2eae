import Foundation
import Testing

/// What Glewlwyd's user `admin` does in a browser, as the requests that its pages make.
extension Glewlwyd {
    /// Approves a user code.
    public func approve(
        _ userCode: String, client: String, scope: String = Glewlwyd.scopes.joined(separator: " ")
    ) async throws {
        try await consent(client, scope)
        let location = try await redirection("\(base)/oidc/device?code=\(userCode)&g_continue")
        #expect(location.contains("deviceComplete"), "glewlwyd did not take the approval: \(location)")
    }

    /// Logs in at the address of an authorization request, and consents to scopes and `authorization_details`.
    ///
    /// Returns where the browser is sent, which is not requested. It is at once the client's redirect URI if the request
    /// is in error.
    public func approve(authorizationURI: String) async throws -> String {
        let page = try await redirection(authorizationURI)
        guard page.contains("/login.html?"), let parts = URLComponents(string: page) else { return page }
        // Glewlwyd writes spaces as "+", which URLComponents leaves.
        func value(_ name: String) -> String? {
            parts.queryItems?.first { $0.name == name }?.value?.replacing("+", with: " ")
        }
        let client = try #require(value("client_id"), "\(page)")
        try await consent(client, value("scope") ?? "")
        for type in (value("authorization_details") ?? "").split(separator: ",") {
            try await send("PUT", "/oidc/rar/\(client)/\(type)/1", [:])
        }
        let callback = parts.percentEncodedQueryItems?.first { $0.name == "callback_url" }?.value
        let next = try #require(callback?.removingPercentEncoding, "\(page)")
        return try await redirection(next + "&g_continue")
    }

    /// Approves the CIBA request with this message.
    public func approvePush(_ bindingMessage: String, client: String = "bank") async throws {
        try await consent(client, Glewlwyd.scopes.joined(separator: " "))
        let location = try await redirection(try await push(bindingMessage, "connect_uri") + "&g_continue")
        #expect(location.contains("ciba_message=complete"), "glewlwyd did not take the approval: \(location)")
    }

    /// Refuses the CIBA request with this message.
    public func denyPush(_ bindingMessage: String) async throws {
        let location = try await redirection(try await push(bindingMessage, "cancel_uri"))
        #expect(location.contains("ciba_message=cancelled"), "glewlwyd did not take the refusal: \(location)")
    }

    private func push(_ bindingMessage: String, _ member: String) async throws -> String {
        let list = try await Self.curl(["-f", "-H", "Cookie: \(cookie)", "\(base)/oidc/ciba_user_list/"]).output
        let pushes = try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]]
        let push = pushes?.first { $0["binding_message"] as? String == bindingMessage }
        return try #require(push?[member] as? String, "there is no request with '\(bindingMessage)': \(list)")
    }

    private func consent(_ client: String, _ scope: String) async throws {
        try await send("PUT", "/auth/grant/\(client)", ["scope": scope])
    }

    private func redirection(_ address: String) async throws -> String {
        try await Self.curl(["-o", "/dev/null", "-w", "%{redirect_url}", "-H", "Cookie: \(cookie)", address]).output
    }
}
