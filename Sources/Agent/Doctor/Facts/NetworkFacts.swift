package import Configuration
internal import Formats
internal import Glibc
internal import OAuth

/// The proxy and the certificates of requests to providers.
package struct NetworkFacts: Equatable {
    /// `nil` without a proxy.
    package var proxy: String?
    /// The setting or variable that names the proxy.
    package var proxySource: String?
    /// The hosts that bypass the proxy.
    package var noProxy: String?
    /// The CA bundle; `nil` if it is the system's.
    package var certificates: String?
    package var certificatesSource: String?
    package var areCertificatesReadable = true

    package init() {}

    /// Settings win over variables, which are read as libcurl reads them. `settings` is `nil` if the file is wrong.
    package init(_ settings: NetworkSettings?, _ environment: [String: String]) {
        func first(_ names: [String]) -> (name: String, value: String)? {
            names.lazy.compactMap { name in
                environment[name].flatMap { $0.isEmpty ? nil : (name, $0) }
            }.first
        }
        if let given = settings?.proxy {
            // An empty setting disables the environment's proxy.
            if !given.isEmpty { (proxy, proxySource) = (Self.withoutPassword(given), "network.proxy") }
        } else if let variable = first(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) {
            (proxy, proxySource) = (Self.withoutPassword(variable.value), variable.name)
        }
        noProxy = settings?.noProxy ?? first(["no_proxy", "NO_PROXY"])?.value
        if let file = settings?.caFile {
            (certificates, certificatesSource) = (file, "network.ca_file")
        } else if let variable = first(["CURL_CA_BUNDLE", "SSL_CERT_FILE"]) {
            (certificates, certificatesSource) = (variable.value, variable.name)
        }
        areCertificatesReadable = certificates.map { access($0, R_OK) == 0 } ?? true
    }

    /// Returns a proxy's URL without its user name and password, which end at the last `@` before the path.
    private static func withoutPassword(_ url: String) -> String {
        let parts = url.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        let scheme = parts.count == 2 ? parts[0] + "://" : ""
        let rest = parts.last ?? ""
        let host = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        return DisplayText.clean(scheme + host)
    }
}
