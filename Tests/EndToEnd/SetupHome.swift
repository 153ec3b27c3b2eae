import Foundation
import TestSupport
import Testing

/// A home for `authagent setup`, with an agent that knows accounts and their URLs, and nothing else.
final class SetupHome: Sendable {
    let home: AgentHome
    private let agent: StatusAgent
    private let environment: [String: String]

    /// `links`: the names under which the client is in PATH.
    init(
        _ accounts: [(name: String, urls: [String])] = [("work", ["https://git.example.com/team/"])],
        links: [String] = ["docker-credential-authagent", "cargo-credential-authagent"], scope: String = "openid a"
    ) throws {
        let home = try AgentHome()
        self.home = home
        agent = try StatusAgent(home.socket, accounts, scope: scope)
        let programs = try home.files.directory("programs")
        for name in links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(programs)/\(name)", withDestinationPath: try home.program("authagent"))
        }
        environment = home.environment.merging(["PATH": "\(programs):\(home.environment["PATH"] ?? "")"]) { $1 }
    }

    var path: String { home.files.path }

    /// Runs the client; `variables` are added to its environment.
    func setup(_ arguments: [String], _ variables: [String: String] = [:]) async throws -> ChildProcess.Result {
        try await run(try home.program("authagent"), ["setup"] + arguments, variables)
    }

    func setup(_ arguments: String...) async throws -> ChildProcess.Result { try await setup(arguments) }

    /// Runs a program in the same environment.
    func run(
        _ program: String, _ arguments: [String], _ variables: [String: String] = [:], input: String = ""
    ) async throws -> ChildProcess.Result {
        try await ChildProcess.run(
            program, arguments, environment: environment.merging(variables) { $1 }, input: input)
    }

    /// Adds a program to PATH.
    func script(_ name: String, _ text: String) throws {
        try home.files.file("programs/\(name)", "#!/bin/sh\n\(text)\n", mode: 0o700)
    }

    func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }

    /// Writes a file and its directories.
    func file(_ name: String, _ text: String, mode: Int = 0o644) throws {
        if let slash = name.lastIndex(of: "/") { try home.files.directory(String(name[..<slash])) }
        try home.files.file(name, text, mode: mode)
    }

    /// Each file below the home with its mode and text, and each link with its target; without `run` and `programs`.
    func contents() throws -> [String: String] {
        var result: [String: String] = [:]
        let manager = FileManager.default
        let names = try #require(manager.enumerator(atPath: path))
        for case let name as String in names where !name.hasPrefix("run") && !name.hasPrefix("programs") {
            let attributes = try manager.attributesOfItem(atPath: "\(path)/\(name)")
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
            switch attributes[.type] as? FileAttributeType {
            case .typeRegular?: result[name] = "\(String(mode, radix: 8)) \(try text(name))"
            case .typeSymbolicLink?:
                result[name] = "-> " + (try manager.destinationOfSymbolicLink(atPath: "\(path)/\(name)"))
            default: break
            }
        }
        return result
    }
}
