internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import SecretMemory
internal import Vault

/// Credentials of roles at AWS: the agent requests them with a token of the login, and the account's vault keeps them.
struct AWSRoles: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry

    /// Returns the credentials. Waits if a request for them is running.
    func credentials(
        _ name: AccountName, _ role: AWSRole, within limits: CallerLimits
    ) async throws(Problem) -> AWSCredentialsReply {
        let account = try registry.account(name)
        try registry.requireUnlocked(name)
        guard let url = SecretDestination.service(for: role, account.settings) else {
            throw .noService(for: role, name)
        }
        let transport = shared.transport
        let held: HeldRole
        do throws(RoleRefusal) {
            held = try await account.vault.roleCredentials(of: role, by: limits.user) { token in
                switch role {
                case .assigned(let role, let id):
                    return await AccessPortal(url, transport: transport)
                        .credentials(role: role, account: id, for: token.secret)
                case .trusting(let arn, let session, let duration):
                    // The vault returns no token without the ID token that the role needs.
                    guard let idToken = token.idToken else { return .failure(.tokenRefused("there is no ID token")) }
                    return await SecurityTokenService(url, transport: transport)
                        .credentials(
                            role: arn, sessionName: session ?? Self.sessionName(of: name), duration: duration,
                            for: idToken.secret)
                }
            }
        } catch {
            switch error {
            case .token(let failure): throw Problem(failure, account: name)
            case .role(let failure): throw Problem(failure, role, account: name)
            }
        }
        let credentials = held.credentials
        // Copies that cannot be wiped; they live until the reply is sent.
        return AWSCredentialsReply(
            accessKeyID: credentials.accessKeyID, secretAccessKey: credentials.secretAccessKey.revealedText(),
            sessionToken: credentials.sessionToken.revealedText(), expiration: RFC3339.text(credentials.expiresAt),
            expiresAt: credentials.expiresAt, accountID: role.account)
    }

    /// The name under which AWS records what is done with the credentials: at most 64 characters, all of which an
    /// account's name may have.
    private static func sessionName(of account: AccountName) -> String {
        String("authagent-\(account)".prefix(64))
    }
}

extension Problem {
    fileprivate static func noService(for role: AWSRole, _ account: AccountName) -> Problem {
        let (what, key, url) =
            role.needsIDToken
            ? ("STS", "sts_url", "https://sts.REGION.amazonaws.com/")
            : ("access portal of IAM Identity Center", "sso_portal_url", "https://portal.sso.REGION.amazonaws.com")
        return Problem(
            .configurationError, "'\(account)' names no \(what) that gives credentials of AWS roles",
            hint: "add \(key) = \"\(url)\" to the account file, then run 'authagent reload'")
    }

    fileprivate init(_ failure: RoleFailure, _ role: AWSRole, account: AccountName) {
        let what = "credentials of the AWS role '\(role.text)'"
        switch failure {
        case .tokenRefused(let detail) where role.needsIDToken:
            self.init(
                .providerRejected, "AWS gives no \(what): it takes the ID token of '\(account)' for expired: \(detail)",
                hint: "check this machine's clock, then run 'authagent login \(account)'")
        case .tokenRefused(let detail):
            self.init(
                .loginRequired, "AWS gives no \(what): it refuses the token of '\(account)': \(detail)",
                hint: "run 'authagent login \(account)'", reason: LoginRequiredReason.providerRejected.rawValue)
        case .roleRefused(let detail):
            self.init(
                .providerRejected, "AWS gives no \(what): \(detail)",
                hint: role.needsIDToken
                    ? "check the role's name, and that its trust policy names the issuer and the audience of the ID token"
                    : "check the role's name, and that it is assigned to you in the account; 'aws sso' and the access"
                        + " portal list those that are")
        case .busy(let detail, let wait):
            let again = wait.map { "in \(max(1, $0.components.seconds)) s" } ?? "in a minute"
            self.init(.providerUnreachable, "AWS gives no \(what) now: \(detail)", hint: "try again \(again)")
        case .unreachable(let failure):
            self.init(
                .providerUnreachable, "AWS cannot be reached for \(what): \(failure)",
                hint: "check the network, then try again")
        case .unreadable(let detail):
            self.init(
                .providerRejected, "the reply to the request for \(what) cannot be used: \(detail)",
                hint: "check \(role.needsIDToken ? "sts_url" : "sso_portal_url") in the account file, and proxies")
        }
    }
}
