import Foundation
import TestSupport
import Testing

/// The rule of Sources/README.md: arrows between targets point down only.
struct FloorTests {
    /// Top first.
    private static let floors = ["Programs", "Adapters", "Agent", "Protocol", "Shared", "C"]

    /// Arrows within a floor.
    private static let sideways: [String: Set<String>] = [
        "Agent": ["Advice", "Configuration", "Vault"], "Doctor": ["Advice", "Configuration", "Vault"],
        "Advice": ["Configuration", "Vault"], "JOSE": ["OAuth"], "AuthagentClient": ["AgentAPI"],
        "Formats": ["SecretMemory"], "KeyringProtocol": ["SecretMemory"], "LoopbackHTTP": ["Formats", "System"],
        "System": ["SecretMemory"], "AgentSetup": ["System"], "Sandbox": ["System"],
    ]

    /// The modules that may import C, by what they import. The programs' own parts are linked for their effect alone.
    private static let importers: [String: Set<String>] = [
        "CLinux": ["SecretMemory", "System"], "CCurl": ["CurlTransport"], "CSecret": ["authagent-keyring"],
        "CQREncode": ["QRCode"], "COpenAPI": ["AgentServer"], "CQuietDispatch": ["authagentd"],
        "CWipingHeap": ["authagentd", "authagent-keyring"], "CSandbox": ["Sandbox"], "CSeccomp": ["Sandbox"],
        "CEarlyProtection": ["authagent", "authagentd", "authagent-keyring"],
    ]

    private struct Target {
        let name: String
        let path: String
        let dependencies: Set<String>

        var floor: Int? {
            let parts = path.split(separator: "/")
            guard parts.first == "Sources", parts.count > 1 else { return nil }
            return FloorTests.floors.firstIndex(of: String(parts[1]))
        }
    }

    private static func targets() async throws -> [String: Target] {
        let scratch = try TemporaryDirectory()
        let dump = try await ChildProcess.run(
            "/usr/bin/env",
            ["swift", "package", "--package-path", Repository.root, "--scratch-path", scratch.path, "dump-package"],
            environment: ProcessInfo.processInfo.environment)
        let package = try #require(
            try JSONSerialization.jsonObject(with: Data(dump.output.utf8)) as? [String: Any], "\(dump.errors)")
        let described = try #require(package["targets"] as? [[String: Any]])
        let names = Set(described.compactMap { $0["name"] as? String })
        return Dictionary(
            uniqueKeysWithValues: try described.map { target in
                let name = try #require(target["name"] as? String)
                let dependencies = (target["dependencies"] as? [[String: Any]] ?? []).compactMap { dependency in
                    (dependency["byName"] as? [Any])?.first as? String
                }
                return (
                    name,
                    Target(
                        name: name, path: target["path"] as? String ?? "",
                        dependencies: Set(dependencies).intersection(names))
                )
            })
    }

    @Test("an arrow between two targets of Sources points down, or is one of those allowed within a floor")
    func arrows() async throws {
        let targets = try await Self.targets()
        let sources = targets.values.filter { $0.floor != nil }
        #expect(sources.count > 25)
        for target in sources {
            let floor = try #require(target.floor)
            for name in target.dependencies {
                let below = try #require(targets[name]?.floor, "\(target.name) depends on \(name), outside of Sources")
                let isAllowed = below > floor || (below == floor && Self.sideways[target.name]?.contains(name) == true)
                #expect(isAllowed, "\(target.name) → \(name)")
            }
        }
    }

    @Test("a C target has the importers named here")
    func importersOfC() async throws {
        for target in try await Self.targets().values where target.floor != nil {
            for name in target.dependencies {
                guard let allowed = Self.importers[name] else {
                    let isSwift = ["Configuration", "ConfigurationText", "CurlTransport"].contains(name)
                    #expect(isSwift || !name.hasPrefix("C"), "\(name)")
                    continue
                }
                #expect(allowed.contains(target.name), "\(target.name) → \(name)")
            }
        }
    }

    @Test("a file imports no module of this package that its target does not declare")
    func imports() async throws {
        let targets = try await Self.targets()
        let modules = Dictionary(uniqueKeysWithValues: targets.keys.map { ($0.replacing("-", with: "_"), $0) })
        for target in targets.values where target.floor != nil {
            let directory = Repository.path(target.path)
            let files = try #require(FileManager.default.enumerator(atPath: directory))
            for case let file as String in files where file.hasSuffix(".swift") {
                let text = try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)
                for match in text.matches(of: /(?m)^(?:@testable )?(?:[a-z]+ )?import (\w+)/) {
                    guard let module = modules[String(match.1)], module != target.name else { continue }
                    #expect(target.dependencies.contains(module), "\(target.path)/\(file) imports \(module)")
                }
            }
        }
    }
}
