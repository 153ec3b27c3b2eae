internal import Accounts
internal import AgentAPI
internal import OAuth

/// Puts together what a login request brings and what the account file holds.
struct LoginSettings {
    let account: AccountName
    let request: LoginRequest
    let known: AccountSettings?

    /// The request wins, member by member.
    func merged() throws(Problem) -> AccountSettings {
        guard known != nil || request.hasSettings else { throw .unknown(account) }
        guard let clientID = request.clientID ?? known?.clientID else {
            throw Problem(
                .badRequest,
                "'\(account)' has no client id",
                hint: "run 'authagent login \(account)' with --client-id ID, the id that the provider registered"
            )
        }
        let issuer = try parse(request.issuer, "issuer", Issuer.init(parsing:)) ?? known?.issuer
        // Another issuer has other endpoints: those of the old one must not be asked.
        let sameProvider = issuer == known?.issuer ? known : nil
        let device = try endpoint(request.deviceEndpoint, "device endpoint") ?? sameProvider?.deviceEndpoint
        let token = try endpoint(request.tokenEndpoint, "token endpoint") ?? sameProvider?.tokenEndpoint
        let revocation =
            try endpoint(request.revocationEndpoint, "revocation endpoint") ?? sameProvider?.revocationEndpoint
        let store = try store() ?? known?.store ?? .keyring
        do throws(AccountSettings.Invalid) {
            return try AccountSettings(
                issuer: issuer,
                clientID: clientID,
                scopes: request.scopes ?? known?.scopes ?? [],
                store: store,
                deviceEndpoint: device,
                tokenEndpoint: token,
                revocationEndpoint: revocation,
                clientAuthentication: sameProvider?.clientAuthentication,
                clientSecretFile: request.clientSecret == nil ? sameProvider?.clientSecretFile : nil,
                keepAlive: known?.keepAlive,
                // Subjects of one provider mean nothing at another, but dropping it would let anybody in.
                expectedSubject: known?.expectedSubject
            )
        } catch {
            throw Problem(.badRequest, error.problem, hint: error.hint)
        }
    }

    private func endpoint(_ text: String?, _ what: String) throws(Problem) -> EndpointURL? {
        try parse(text, what, EndpointURL.init(parsing:))
    }

    private func parse<Value>(
        _ text: String?, _ what: String, _ parser: (String) throws(URLRejection) -> Value
    ) throws(Problem) -> Value? {
        guard let text else { return nil }
        do throws(URLRejection) { return try parser(text) } catch {
            throw Problem(
                .badRequest,
                "the \(what) is not usable: \(error.description)",
                hint: "give an https URL, or http on this machine's loopback address only"
            )
        }
    }

    private func store() throws(Problem) -> StoreKind? {
        guard let text = request.store else { return nil }
        guard let kind = StoreKind(rawValue: text) else {
            let kinds = StoreKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(.badRequest, "there is no store '\(text)'", hint: "choose one of: \(kinds)")
        }
        return kind
    }
}
