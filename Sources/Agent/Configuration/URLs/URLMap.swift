public import AgentAPI
public import OAuth

/// Which account has a URL, by the files of all accounts. Pure.
///
/// Accounts that contradict each other are not found by any URL. Their prefixes stay in the map, so that what is below
/// them does not fall back to the account of a shorter prefix.
public struct URLMap: Sendable {
    private var claims: [AccountName: URLClaim] = [:]
    /// Why an account is not found by its URLs.
    public private(set) var conflicts: [AccountName: URLConflict] = [:]
    /// The accounts whose files have a prefix, by its text.
    private var holders: [String: Set<AccountName>] = [:]
    /// No prefix has been longer, in bytes.
    private var longest = 0

    /// Creates the map of accounts that are read together. Of two that contradict each other neither is found by URL,
    /// but what the machine's files say stays in force.
    public init(_ claims: [URLClaim] = []) {
        for claim in claims { insert(claim) }
        for claim in claims { conflicts[claim.account] = conflict(of: claim) }
    }

    /// Adds an account, or replaces or removes its claim. The accounts that are in the map stay found by URL, unless
    /// the new claim is the machine's and the old one is not.
    public mutating func set(_ claim: URLClaim?, of account: AccountName) {
        guard claims[account] != claim else { return }
        remove(account)
        if let claim {
            insert(claim)
            conflicts[account] = conflict(of: claim)
            for place in claim.machine {
                for other in rivals(at: place, of: claim) where !other.machine.contains(place) {
                    conflicts[other.account] = conflicts[other.account] ?? URLConflict(place, of: other, with: claim)
                }
            }
        }
        // What contradicted the account before may be found now.
        for (name, conflict) in conflicts where conflict.other == account {
            conflicts[name] = claims[name].flatMap { self.conflict(of: $0) }
        }
    }

    /// Returns the accounts of the longest prefix that any account has; `nil` if none has one.
    public func match(_ url: ServiceURL) -> URLMatch? {
        for prefix in url.prefixes.lazy.drop(while: { $0.utf8.count > longest }) {
            guard let names = holders[String(prefix)] else { continue }
            let holding = names.sorted().compactMap { claims[$0] }
            let found = holding.filter { conflicts[$0.account] == nil && $0.places.contains { $0.text == prefix } }
            guard found.isEmpty else { return URLMatch(prefix: String(prefix), accounts: found.map(\.mapped)) }
            return URLMatch(
                prefix: String(prefix), accounts: holding.map(\.mapped),
                conflict: holding.lazy.compactMap { conflicts[$0.account] }.first.map(\.words)
                    ?? URLMatch.Conflict(
                        detail: "a user's file replaces the machine's and leaves \(prefix) out",
                        hint: "add it to 'urls' of that file"))
        }
        return nil
    }

    private mutating func insert(_ claim: URLClaim) {
        claims[claim.account] = claim
        for place in claim.held {
            holders[place.text, default: []].insert(claim.account)
            longest = max(longest, place.text.utf8.count)
        }
    }

    private mutating func remove(_ account: AccountName) {
        for place in claims[account]?.held ?? [] {
            holders[place.text]?.remove(account)
            if holders[place.text]?.isEmpty == true { holders[place.text] = nil }
        }
        claims[account] = nil
        conflicts[account] = nil
    }

    /// Returns why the account must not be found by URL: the first place that it may not have.
    private func conflict(of claim: URLClaim) -> URLConflict? {
        if claim.isRefused { return URLConflict(refused: claim) }
        for place in claim.places.sorted(by: { $0.text < $1.text }) {
            let isMachine = claim.machine.contains(place)
            let rivals = rivals(at: place, of: claim)
            // A user's file never displaces the machine's.
            guard let rival = rivals.first(where: { !isMachine || $0.machine.contains(place) }) else { continue }
            return URLConflict(place, of: claim, with: rival)
        }
        return nil
    }

    /// Returns the accounts that cannot share the place with this one, sorted by name.
    private func rivals(at place: ServiceURL, of claim: URLClaim) -> [URLClaim] {
        (holders[place.text] ?? []).subtracting([claim.account]).sorted().compactMap { claims[$0] }
            .filter { !claim.mayShare(place, with: $0) }
    }
}

/// What an account's file says about URLs.
public struct URLClaim: Equatable, Sendable {
    public let account: AccountName
    let places: Set<ServiceURL>
    /// What the machine's file of this name says, also where a user's file replaces it.
    let machine: Set<ServiceURL>
    let gitUsername: String?
    let registryUsername: String?
    /// The path of the account's file.
    let file: String
    /// The path of the machine's file of this name.
    let machineFile: String
    /// Whether the file is refused, so that the account is not served.
    let isRefused: Bool

    /// Holds the prefixes of a refused file; `nil` if it has none.
    init?(
        refused account: AccountName, urls: Set<ServiceURL>, file: String, machine: Set<ServiceURL>, machineFile: String
    ) {
        guard !urls.isEmpty || !machine.isEmpty else { return nil }
        self.account = account
        (places, self.machine, isRefused) = (urls, machine, true)
        (gitUsername, registryUsername) = (nil, nil)
        (self.file, self.machineFile) = (file, machineFile)
    }

    /// `nil` if no file of this account has a URL.
    public init?(
        _ account: AccountName, _ settings: AccountSettings, file: String, machine: Set<ServiceURL>, machineFile: String
    ) {
        guard !settings.urls.isEmpty || !machine.isEmpty else { return nil }
        self.account = account
        places = Set(settings.urls)
        self.machine = machine
        isRefused = false
        gitUsername = settings.gitUsername
        registryUsername = settings.registryUsername
        (self.file, self.machineFile) = (file, machineFile)
    }

    /// The places that no other account may have alone.
    fileprivate var held: Set<ServiceURL> { places.union(machine) }

    fileprivate var mapped: MappedAccount {
        MappedAccount(account: account, gitUsername: gitUsername, registryUsername: registryUsername, file: file)
    }

    /// Whether requests can tell the two accounts apart by the user name.
    fileprivate func mayShare(_ place: ServiceURL, with other: URLClaim) -> Bool {
        guard places.contains(place), other.places.contains(place), let own = gitUsername,
            let others = other.gitUsername
        else { return false }
        return !own.utf8.elementsEqual(others.utf8)
    }
}
