internal import AgentAPI
internal import AuthagentClient
internal import Formats

/// The variable by which a Kubernetes client says what it wants: an ExecCredential as JSON. Valid as long as the
/// environment.
struct ExecInfo {
    static let variable: StaticString = "KUBERNETES_EXEC_INFO"

    /// The reply must have the version of the request.
    enum Version {
        case v1, v1beta1

        var name: StaticString {
            switch self {
            case .v1: "client.authentication.k8s.io/v1"
            case .v1beta1: "client.authentication.k8s.io/v1beta1"
            }
        }
    }

    let version: Version
    private let cluster: JSONView?

    init(_ text: Bytes) throws(Failure) {
        guard let json = JSONView(text), json.isObject else {
            throw Self.invalid("it is not a JSON object")
        }
        guard json["kind"]?.isPlainText("ExecCredential") == true else {
            throw Self.invalid("its kind is not ExecCredential")
        }
        guard let version = json["apiVersion"] else { throw Self.invalid("it has no apiVersion") }
        if version.isPlainText(Version.v1.name) {
            self.version = .v1
        } else if version.isPlainText(Version.v1beta1.name) {
            self.version = .v1beta1
        } else {
            throw Failure(
                "cannot answer in version '\(version.text ?? "")' of ExecCredential",
                hint: "set 'apiVersion: \(Version.v1.name)' in the kubeconfig, or v1beta1 for a client before 1.22")
        }
        if let spec = json["spec"], !spec.isObject { throw Self.invalid("its spec is not an object") }
        cluster = json["spec"]?["cluster"]
        if let cluster, !cluster.isObject { throw Self.invalid("its cluster is not an object") }
    }

    /// Lends the request for the account that is named, else for the one that the cluster's configuration names, else
    /// for the one with the cluster's URL.
    func withSubject(
        named name: Bytes?, _ use: (TokenQuery) throws(Failure) -> Void
    ) throws(Failure) {
        try withText(cluster?["config"]?["audience"], "audience") { audience throws(Failure) in
            func finish(_ query: TokenQuery) throws(Failure) {
                var query = query
                query.audience = audience
                try use(query)
            }
            if let name { return try finish(TokenQuery(account: name)) }
            try withText(cluster?["config"]?["account"], "account") { account throws(Failure) in
                if let account { return try finish(TokenQuery(account: account)) }
                try withText(cluster?["server"], "server") { server throws(Failure) in
                    guard let server else {
                        throw Failure(
                            "no account is named, and \(Self.variable) has no cluster",
                            hint:
                                "give the account's name as an argument, or set 'provideClusterInfo: true' in the kubeconfig",
                            code: .usage)
                    }
                    try finish(TokenQuery(.url(try HelperURL.checked(server))))
                }
            }
        }
    }

    /// Lends the characters of a string; `nil` if there is none.
    private func withText(
        _ value: JSONView?, _ name: StaticString, _ use: (Bytes?) throws(Failure) -> Void
    ) throws(Failure) {
        guard let value else { return try use(nil) }
        var text = RawBytes(capacity: value.source.count)
        guard text.append(decoding: value), !text.isEmpty else { throw Self.invalid("its \(name) is not text") }
        try text.withBytes { text throws(Failure) in try use(text) }
    }

    private static func invalid(_ reason: String) -> Failure {
        Failure("cannot read \(variable): \(reason)", hint: "unset it, or run this helper from a kubeconfig")
    }
}
