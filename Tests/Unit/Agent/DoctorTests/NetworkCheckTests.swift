import AgentAPI
import Configuration
import Doctor
import OAuth
import Testing

struct NetworkCheckTests {
    private func settings(_ change: (inout NetworkSettings) -> Void) -> NetworkSettings {
        var settings = NetworkSettings()
        change(&settings)
        return settings
    }

    @Test("a proxy is shown with its source, and without its password")
    func proxy() {
        var facts = NetworkFacts(
            nil, ["ALL_PROXY": "http://other:1", "https_proxy": "http://user:p@ss@proxy.example:3128"])
        #expect(facts.proxy == "http://proxy.example:3128")
        #expect(DoctorCheck.proxy(facts).detail == "https goes through http://proxy.example:3128 (https_proxy)")
        facts = NetworkFacts(
            settings { $0.proxy = "proxy:8080" }, ["https_proxy": "http://a", "no_proxy": "b.example"])
        #expect(
            DoctorCheck.proxy(facts).detail == "https goes through proxy:8080 (network.proxy), except to b.example")
        facts = NetworkFacts(settings { $0.proxy = "" }, ["https_proxy": "http://a"])
        #expect(DoctorCheck.proxy(facts).detail == "no proxy")
    }

    @Test("an unreadable CA bundle is a problem; without one there is no check")
    func certificates() {
        #expect(DoctorCheck.certificates(NetworkFacts(nil, [:])) == nil)
        let missing = NetworkFacts(settings { $0.caFile = "/nonexistent/ca.pem" }, ["CURL_CA_BUNDLE": "/dev/null"])
        #expect(DoctorCheck.certificates(missing)?.state == .problem)
        #expect(DoctorCheck.certificates(missing)?.detail.hasPrefix("/nonexistent/ca.pem (network.ca_file)") == true)
        #expect(DoctorCheck.certificates(NetworkFacts(nil, ["SSL_CERT_FILE": "/dev/null"]))?.state == .ok)
    }

    @Test(
        "each failed connection to a provider has its own hint",
        arguments: [
            (TransportFailure.nameNotFound("the name is not known"), "run 'getent hosts issuer.example'"),
            (.tls("the certificate is refused"), "'ca_file'"), (.unreachable("refused"), "the network"),
            (.timedOut("no answer"), "the network"),
        ])
    func connection(failure: TransportFailure, remedy: String) {
        let name = "https://issuer.example:8443/realm"
        let check = DoctorCheck.connection(name, failed: .transport(failure), NetworkFacts(nil, [:]))
        #expect(check.state == .problem)
        #expect(check.issuer == name)
        #expect(check.detail == failure.description)
        #expect(check.hint?.contains(remedy) == true, "\(check.hint ?? "")")
    }

    @Test("a failure that may be the proxy's names the proxy, except for loopback addresses")
    func throughProxy() {
        let facts = NetworkFacts(nil, ["https_proxy": "http://proxy:3128"])
        let failure = OAuthFailure.transport(.unreachable("refused"))
        let check = DoctorCheck.connection("https://issuer.example", failed: failure, facts)
        #expect(check.detail == "refused (through http://proxy:3128)")
        #expect(check.hint?.contains("check the proxy http://proxy:3128, or name issuer.example") == true)
        let local = DoctorCheck.connection("http://127.0.0.1:80", failed: failure, facts)
        #expect(local.detail == "refused")
        #expect(local.hint?.contains("proxy") == false)
    }
}
