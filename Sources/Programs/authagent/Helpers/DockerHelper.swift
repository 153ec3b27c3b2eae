internal import AgentAPI
internal import AuthagentClient
internal import Formats
internal import Glibc

/// `docker-credential-authagent`, for docker, podman, skopeo and buildah (docker-credential-helpers). Errors are on
/// standard output, where these programs look for them.
enum DockerHelper {
    static func run(_ arguments: HelperArguments) {
        do throws(Failure) {
            let action = arguments[0]
            if action.equals("get"), arguments.count == 1 {
                try get()
            } else if action.equals("store"), arguments.count == 1 {
                _ = try HelperInput.all()
                throw Failure("no passwords are stored here", hint: "run 'authagent login NAME'")
            } else if action.equals("erase"), arguments.count == 1 {
                try erase()
            } else if action.equals("list"), arguments.count == 1 {
                try list()
            } else if action.equals("version") {
                Console.print("docker-credential-authagent (authagent) v\(agentVersion)")
            } else {
                throw Failure("unknown action", hint: "give one of get, store, erase, list and version")
            }
        } catch {
            // These two texts are part of the contract: after the first docker goes on without credentials.
            if error.isNoAccount {
                Console.print("credentials not found in native keychain")
            } else if error.problemCode == noServer {
                Console.print("no credentials server URL")
            } else {
                Console.print(Console.line(error))
            }
            exit(ExitCode.failed.rawValue)
        }
    }

    private static let noServer = "no_server"

    private static func get() throws(Failure) {
        try withServer { server, url throws(Failure) in
            try HelperConnection().token(TokenQuery(.url(url))) { answer throws(Failure) in
                var json = RawBytes(capacity: 2048)
                json.append(literal: "{\"ServerURL\":")
                json.append(json: server)
                json.append(literal: ",\"Username\":\"")
                try appendUsername(answer["registry_username"], to: &json)
                json.append(literal: "\",\"Secret\":\"")
                answer.appendQuotedToken(to: &json)
                json.append(literal: "\"}\n")
                json.withBytes(Console.print(line:))
            }
        }
    }

    /// Appends the content of a JSON string.
    private static func appendUsername(_ name: JSONView?, to json: inout RawBytes) throws(Failure) {
        guard let name, let quoted = name.quoted else { return json.append(literal: "oauth2") }
        // It would make docker send the access token to the registry as a refresh token.
        guard name.text != "<token>" else {
            throw Failure(
                "registry_username must not be '<token>'", hint: "correct it in the account file, see authagent.toml(5)"
            )
        }
        json.append(quoted)
    }

    private static func erase() throws(Failure) {
        try withServer { _, url throws(Failure) in
            let connection = try HelperConnection()
            do throws(Failure) {
                _ = try connection.ask(.rejectToken(try connection.account(of: url), TokenRejection()))
            } catch let failure where failure.isUnmapped {
                // docker tells every helper.
            }
        }
    }

    /// Prints the URLs of all accounts that have any. What one URL lacks does not hide the others.
    private static func list() throws(Failure) {
        // The word that docker writes here means nothing.
        _ = try HelperInput.all()
        let connection = try HelperConnection()
        var json = RawBytes(capacity: 1024)
        json.append(literal: "{")
        for url in try AccountURLs.all(connection) {
            guard let entry = try? entry(for: url, connection) else { continue }
            if json.count > 1 { json.append(literal: ",") }
            json.append(entry)
        }
        json.append(literal: "}\n")
        json.withBytes(Console.print(line:))
    }

    /// Returns a member of the list.
    private static func entry(for url: String, _ connection: HelperConnection) throws(Failure) -> String {
        var entry = RawBytes(capacity: 256)
        try RawBytes(url).withBytes { bytes throws(Failure) in
            try connection.match(of: bytes) { match throws(Failure) in
                entry.append(json: key(of: url))
                entry.append(literal: ":\"")
                try appendUsername(match["registry_username"], to: &entry)
                entry.append(literal: "\"")
            }
        }
        return entry.withBytes(\.text)
    }

    /// A registry as docker names it: without the slash where nothing follows it.
    private static func key(of url: String) -> String {
        let isHost = url.utf8.count(where: { $0 == UInt8(ascii: "/") }) == 3 && url.hasSuffix("/")
        return isHost ? String(url.dropLast()) : url
    }

    /// Lends the registry as docker names it, and its URL.
    private static func withServer(_ use: (Bytes, Bytes) throws(Failure) -> Void) throws(Failure) {
        let input = try HelperInput.all()
        try input.withBytes { input throws(Failure) in
            let server = input.trimmed
            guard !server.isEmpty else {
                var failure = Failure("no credentials server URL")
                failure.problemCode = noServer
                throw failure
            }
            // podman and skopeo use the host of Docker Hub.
            if server.equals("docker.io") || server.equals("index.docker.io") {
                let hub: StaticString = "https://index.docker.io/v1/"
                return try use(server, Bytes(start: hub.utf8Start, count: hub.utf8CodeUnitCount))
            }
            try HelperURL.ofService(server) { url throws(Failure) in try use(server, url) }
        }
    }
}
