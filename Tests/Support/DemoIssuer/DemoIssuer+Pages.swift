import Foundation

/// The pages for a browser, and /control for tests in other processes.
extension DemoIssuer {
    func page(_ request: IssuerRequest) async -> IssuerReply {
        switch (request.method, request.path) {
        case ("GET", "/device"): form(userCode: request.query["user_code"] ?? "")
        case ("POST", "/device"): decide(request)
        case ("POST", Self.introspectionPath): introspect(request.form["token"] ?? "")
        case ("POST", "/control/approve") where configuration.hasControl: control(request, approve, approvePush)
        case ("POST", "/control/deny") where configuration.hasControl: control(request, deny, denyPush)
        case ("GET", "/federation/credentials"): assignedRole(request)
        case ("POST", "/sts"): trustingRole(request)
        default: .text("there is nothing here\n", status: 404)
        }
    }

    private func control(
        _ request: IssuerRequest, _ code: (String) -> Bool, _ push: (String) -> Bool
    ) -> IssuerReply {
        let isDone = request.query["binding_message"].map(push) ?? code(request.query["user_code"] ?? "")
        return isDone ? .text("done\n") : .text("no such code\n", status: 404)
    }

    private func form(userCode: String) -> IssuerReply {
        .html(
            """
            <h1>Approve a device</h1>
            <p>Enter the code that your device shows. Go on only if you started this login yourself.</p>
            <form method="post" action="/device">
            <input name="user_code" value="\(Self.escaped(userCode))" autofocus autocomplete="off">
            <button name="decision" value="approve">Approve</button>
            <button name="decision" value="deny">Deny</button>
            </form>
            """)
    }

    private func decide(_ request: IssuerRequest) -> IssuerReply {
        let code = request.form["user_code"] ?? ""
        let isApproval = request.form["decision"] == "approve"
        guard isApproval ? approve(code) : deny(code) else {
            return .html("<h1>This code is not known</h1><p><a href=\"/device\">Try again</a></p>", status: 404)
        }
        return .html("<h1>\(isApproval ? "Approved" : "Denied")</h1><p>You can close this page.</p>")
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}

extension IssuerReply {
    static func json(_ members: [String: Any], status: Int = 200) -> IssuerReply {
        let data = (try? JSONSerialization.data(withJSONObject: members)) ?? Data()
        return IssuerReply(
            status: status, contentType: "application/json", body: String(decoding: data, as: UTF8.self),
            headers: ["Cache-Control": "no-store"]
        )
    }

    static func error(_ code: String, detail: String? = nil, status: Int = 400) -> IssuerReply {
        var members = ["error": code]
        members["error_description"] = detail
        return .json(members, status: status)
    }

    static func text(_ text: String, status: Int = 200) -> IssuerReply {
        IssuerReply(status: status, contentType: "text/plain", body: text, headers: [:])
    }

    static func html(_ body: String, status: Int = 200) -> IssuerReply {
        IssuerReply(
            status: status, contentType: "text/html; charset=utf-8",
            body: "<!doctype html><meta name=\"viewport\" content=\"width=device-width\"><title>Demo issuer</title>"
                + body,
            headers: [:]
        )
    }
}
