internal import AgentAPI
internal import Configuration
internal import OAuth
internal import Vault

extension Doctor {
    /// Returns one examination for each provider, however many accounts use it.
    func providers(of accounts: AccountsOnDisk, until deadline: ContinuousClock.Instant) -> [Examination] {
        var users: [String: [(name: AccountName, settings: AccountSettings)]] = [:]
        for account in accounts.settings { users[account.settings.providerName, default: []].append(account) }
        let names = users.keys.sorted()
        var examinations = names.prefix(Self.mostIssuers).map { name in
            let examination = ProviderExamination(name: name, accounts: users[name] ?? [], deadline: deadline)
            return Examination(late: DoctorCheck.silent(name)) { [parts] in await examination.run(parts) }
        }
        if names.count > Self.mostIssuers {
            examinations.append(
                Examination(late: Self.late(.issuerConnection)) { [.tooManyIssuers(names.count, Self.mostIssuers)] })
        }
        return examinations
    }
}

/// The first requests that a login and a refresh would send to a provider.
struct ProviderExamination: Sendable {
    let name: String
    let accounts: [(name: AccountName, settings: AccountSettings)]
    let deadline: ContinuousClock.Instant

    func run(_ parts: Doctor.Parts) async -> [DoctorCheck] {
        let transport = ObservingTransport(parts.transport, time: parts.time, deadline: deadline)
        let network = await Doctor.blocking {
            NetworkFacts(try? DaemonSettings.load(parts.paths).network, parts.environment)
        }
        let (metadata, failure) = await ask(transport)
        var checks: [DoctorCheck] = []
        if let failure, transport.reply == nil {
            return [.connection(name, failed: failure, network)]
        }
        guard let reply = transport.reply else { return [] }
        checks.append(.connection(name, network))
        if let issuer {
            checks.append(.metadata(issuer, failure: failure, isNeeded: needsMetadata))
        }
        if let clock = reply.clock { checks.append(.clock(clock, of: name)) }
        if metadata != nil || !needsMetadata {
            checks += accounts.map { DoctorCheck.endpoints($0.name, $0.settings, metadata) }
        }
        return checks
    }

    /// `nil` if no account uses the provider's metadata.
    private var issuer: Issuer? {
        accounts.lazy.compactMap { $0.settings.hasMetadata ? $0.settings.issuer : nil }.first
    }

    /// Whether an account has no endpoints without the metadata.
    private var needsMetadata: Bool {
        accounts.contains { _, settings in
            settings.issuer != nil && settings.hasMetadata && settings.presetEndpoints.token == nil
                && (settings.deviceEndpoint == nil || settings.tokenEndpoint == nil)
        }
    }

    /// Fetches the issuer's metadata; without an issuer, sends any request to see whether the provider answers.
    private func ask(_ transport: ObservingTransport) async -> (ServerMetadata?, OAuthFailure?) {
        do throws(OAuthFailure) {
            if let issuer {
                return (try await Discovery(transport: transport).metadata(for: issuer), nil)
            }
        } catch {
            return (nil, error)
        }
        let settings = accounts.first?.settings
        guard let token = settings?.tokenEndpoint ?? settings?.presetEndpoints.token,
            let root = try? EndpointURL(parsing: token.origin + "/")
        else { return (nil, nil) }
        do throws(TransportFailure) { _ = try await transport.send(HTTPRequest(method: .get, url: root)) } catch {
            return (nil, .transport(error))
        }
        return (nil, nil)
    }
}
