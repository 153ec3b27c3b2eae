import Foundation
import Synchronization

/// The two services of AWS that give credentials of roles: the access portal of IAM Identity Center, and STS at /sts.
extension DemoIssuer {
    public struct RoleRules: Sendable {
        /// In seconds.
        public var lifetime = 3600
        /// The roles that are assigned, as `ACCOUNT_ID/ROLE`, or that trust this issuer, as ARNs.
        public var roles: Set<String> = ["123456789012/ReadOnly", "arn:aws:iam::123456789012:role/ci"]
        /// Access tokens that the portal refuses although they are valid.
        public var refused: Set<String> = []

        public init() {}
    }

    /// What was requested, as `ROLE SESSION DURATION`.
    public var roleRequests: [String] { state.withLock { $0.roleRequests } }

    public func changeRoles(_ change: (inout RoleRules) -> Void) { state.withLock { change(&$0.roleRules) } }

    func assignedRole(_ request: IssuerRequest) -> IssuerReply {
        let role = "\(request.query["account_id"] ?? "")/\(request.query["role_name"] ?? "")"
        let (rules, isKnown, number) = state.withLock { state in
            state.roleRequests.append(role)
            let token = request.sessionToken ?? ""
            let isKnown = state.awsTokens.contains(token) && !state.roleRules.refused.contains(token)
            return (state.roleRules, isKnown, state.roleRequests.count)
        }
        func error(_ type: String, _ message: String, _ status: Int) -> IssuerReply {
            .json(["message": message, "__type": "com.amazonaws.switchboard.portal#" + type], status: status)
        }
        guard isKnown else { return error("UnauthorizedException", "Session token not found or invalid", 401) }
        guard rules.roles.contains(role) else { return error("ForbiddenException", "No access", 403) }
        let end = (Int(Date().timeIntervalSince1970) + rules.lifetime) * 1000
        return .json([
            "roleCredentials": [
                "accessKeyId": "ASIADEMOISSUER\(1000 + number)", "secretAccessKey": "portal-secret-\(number)",
                "sessionToken": "portal-session-\(number)", "expiration": end,
            ] as [String: Any]
        ])
    }

    func trustingRole(_ request: IssuerRequest) -> IssuerReply {
        let arn = request.form["RoleArn"] ?? ""
        let (rules, number) = state.withLock { state in
            let words = [arn, request.form["RoleSessionName"], request.form["DurationSeconds"]].compactMap { $0 }
            state.roleRequests.append(words.joined(separator: " "))
            return (state.roleRules, state.roleRequests.count)
        }
        let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
        func xml(_ body: String, _ status: Int = 200) -> IssuerReply {
            IssuerReply(status: status, contentType: "text/xml", body: body, headers: [:])
        }
        guard request.form["Action"] == "AssumeRoleWithWebIdentity", request.form["Version"] == "2011-06-15",
            request.form["WebIdentityToken"]?.split(separator: ".").count == 3, rules.roles.contains(arn)
        else {
            return xml(
                """
                <ErrorResponse xmlns="\(namespace)"><Error><Type>Sender</Type><Code>AccessDenied</Code>
                <Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>
                <RequestId>1</RequestId></ErrorResponse>
                """, 403)
        }
        let lifetime = request.form["DurationSeconds"].flatMap(Double.init) ?? Double(rules.lifetime)
        let end = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: lifetime))
        return xml(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <AssumeRoleWithWebIdentityResponse xmlns="\(namespace)"><AssumeRoleWithWebIdentityResult>
            <Credentials><SessionToken>sts-session-\(number)</SessionToken>
            <SecretAccessKey>sts-secret-\(number)</SecretAccessKey><Expiration>\(end)</Expiration>
            <AccessKeyId>ASIADEMOISSUER\(1000 + number)</AccessKeyId></Credentials>
            </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
            """)
    }
}
