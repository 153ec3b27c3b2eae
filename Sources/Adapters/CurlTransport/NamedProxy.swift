internal import Formats
internal import OAuth

/// The proxy of a transfer, named in messages when the proxy is at fault.
struct NamedProxy: Equatable {
    /// The address without user name and password.
    let text: String
    /// The setting or variable that names the proxy.
    let source: String
    let host: String
    let port: Int

    /// libcurl's order (CURLOPT_PROXY(3)).
    private static let variables = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]

    /// `nil` without a proxy. A setting wins over variables; an empty one turns the proxy off.
    init?(setting: String?, variable: (String) -> String?) {
        if let setting {
            self.init(setting, source: "network.proxy")
        } else {
            guard let name = Self.variables.first(where: { variable($0) != nil }), let value = variable(name) else {
                return nil
            }
            self.init(value, source: name)
        }
    }

    private init?(_ url: String, source: String) {
        let parts = url.split(separator: "://", maxSplits: 1)
        guard let address = parts.last else { return nil }
        let scheme = parts.count == 2 ? parts[0].lowercased() : "http"
        // A password may contain a slash; the host follows the last `@`.
        let behind = address.lastIndex(of: "@").map { address[address.index(after: $0)...] } ?? address
        let place = behind.prefix { $0 != "/" }
        let colon = place.lastIndex(of: ":").flatMap { place[$0...].contains("]") ? nil : $0 }
        host = String(place[..<(colon ?? place.endIndex)]).trimming("[]")
        port = colon.flatMap { Int(place[place.index(after: $0)...]) } ?? (scheme == "https" ? 443 : 1080)
        text = DisplayText.clean((parts.count == 2 ? parts[0] + "://" : "") + place, limit: 200)
        self.source = source
    }
}

extension String {
    fileprivate func trimming(_ characters: String) -> String { filter { !characters.contains($0) } }
}

extension Transfer {
    /// The proxy; `nil` if the last connection attempt was to the provider itself.
    var triedProxy: NamedProxy? {
        guard let proxy = NamedProxy(setting: configuration.proxy, variable: CurlTransport.environment) else {
            return nil
        }
        let target = host.split(separator: ":").last.flatMap { Int($0) } ?? 443
        guard lastPort == proxy.port else { return nil }
        return target != proxy.port || !host.hasPrefix(proxy.host) ? proxy : nil
    }
}
