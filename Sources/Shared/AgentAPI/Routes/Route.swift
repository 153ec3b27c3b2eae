/// A resource and the account that a request's path names.
public struct Route: Equatable, Sendable {
    public let resource: Resource
    /// `nil` if the path of the resource has no account.
    public let account: AccountName?

    /// Parses a path without its query; `nil` if it names no resource.
    public init?(path: some StringProtocol) {
        guard path.hasPrefix(Resource.accountsPath) else {
            guard let resource = Resource(rawValue: String(path)), !resource.hasAccount else { return nil }
            (self.resource, account) = (resource, nil)
            return
        }
        let rest = path.dropFirst(Resource.accountsPath.count)
        let name = rest.prefix { $0 != "/" }
        guard let account = AccountName(name),
            let resource = Resource(rawValue: Resource.accountPath + rest.dropFirst(name.count))
        else { return nil }
        (self.resource, self.account) = (resource, account)
    }

    public var path: String { account.map(resource.path(of:)) ?? resource.path }
}
