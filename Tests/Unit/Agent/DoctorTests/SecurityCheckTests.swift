import AgentAPI
import Configuration
import Doctor
import Foundation
import System
import TestSupport
import Testing

/// The grades of `authagent status --security`, from facts.
struct SecurityCheckTests {
    /// An agent for which everything is enforced.
    private static var protected: SecurityFacts {
        var facts = SecurityFacts()
        facts.process.isDumpable = false
        facts.process.coreLimit = 0
        facts.process.hasNoNewPrivileges = true
        facts.process.hasSeccompFilter = true
        facts.process.user = 998
        facts.files = .landlock(version: 4)
        facts.areSecretsLocked = true
        facts.programs = [SecurityFacts.ProgramFile(path: "/usr/libexec/authagent/authagentd", owner: 0, mode: 0o711)]
        facts.stores = [.memory]
        return facts
    }

    private func grade(
        _ id: SecurityCheck.ID, _ change: (inout SecurityFacts) -> Void
    ) -> SecurityCheck.Grade? {
        var facts = Self.protected
        change(&facts)
        return SecurityReport(facts).checks.first { $0.id == id }?.grade
    }

    @Test("an agent for which everything is enforced is strong and needs no hint")
    func strong() {
        let report = SecurityReport(Self.protected)
        #expect(report.grade == .strong)
        #expect(report.strict)
        #expect(report.checks.allSatisfy { $0.hint == nil })
        #expect(throws: Never.self) { try MissingProtection.require(Self.protected) }
    }

    @Test(
        "each thing that strict needs is weak without it, and is named with a remedy",
        arguments: SecurityCheck.ID.allCases.filter(\.isRequired))
    func required(id: SecurityCheck.ID) throws {
        var facts = Self.protected
        switch id {
        case .dumpable: facts.process.isDumpable = true
        case .core: facts.process.coreLimit = 1
        case .privileges: facts.process.hasNoNewPrivileges = false
        case .seccomp: facts.process.hasSeccompFilter = false
        case .files: facts.files = .none("the kernel has no Landlock")
        case .locked: facts.areSecretsLocked = false
        default: Issue.record("\(id) has no case here")
        }
        let report = SecurityReport(facts)
        #expect(report.grade == .weak && !report.strict)
        #expect(report.checks.filter { $0.hint != nil }.map(\.id).first == id)
        let error = try #require(throws: MissingProtection.self) { try MissingProtection.require(facts) }
        #expect(error.fault.problem.contains("\(id.rawValue): "))
        #expect(error.fault.hint.hasPrefix("\(id.rawValue): "))
    }

    @Test("several missing things are one error with a hint a line")
    func several() throws {
        var facts = Self.protected
        facts.process.isDumpable = true
        facts.areSecretsLocked = false
        let error = try #require(throws: MissingProtection.self) { try MissingProtection.require(facts) }
        #expect(!error.fault.problem.contains("\n"))
        #expect(error.fault.hint.split(separator: "\n").count == 2)
    }

    @Test("a read-only system, as systemd makes it, stands in for Landlock")
    func readOnlySystem() {
        #expect(
            grade(.files) { facts in
                facts.files = .none("the kernel has no Landlock")
                facts.process.isSystemReadOnly = true
            } == .strong)
    }

    @Test("a program that its user can replace is weak, one that can be read is fair")
    func programs() {
        func grade(owner: UInt32, mode: UInt32) -> SecurityCheck.Grade? {
            self.grade(.programs) { $0.programs = [SecurityFacts.ProgramFile(path: "/p", owner: owner, mode: mode)] }
        }
        #expect(grade(owner: 0, mode: 0o711) == .strong)
        #expect(grade(owner: 0, mode: 0o755) == .fair)
        #expect(grade(owner: 998, mode: 0o711) == .weak)
        #expect(grade(owner: 0, mode: 0o722) == .weak)
    }

    @Test("capabilities and root are weak, and the capabilities are named")
    func rights() throws {
        var facts = Self.protected
        facts.process.capabilities = 1 << 19
        let check = try #require(SecurityReport(facts).checks.first { $0.id == .capabilities })
        #expect(check.grade == .weak && check.detail.contains("CAP_SYS_PTRACE"))
        #expect(grade(.user) { $0.process.user = 0 } == .weak)
    }

    @Test("swap space is fair if secrets are locked and weak otherwise; hibernation is never strong")
    func swap() {
        #expect(grade(.swap) { $0.swap = .init(hasSwap: true) } == .fair)
        #expect(grade(.swap) { $0.swap = .init(canHibernate: true) } == .fair)
        #expect(
            grade(.swap) { facts in
                facts.swap = .init(hasSwap: true)
                facts.areSecretsLocked = false
            } == .weak)
    }

    @Test("a sealed store is graded by what its key depends on")
    func sealed() {
        func grade(_ key: SecurityFacts.SealedKey) -> SecurityCheck.Grade? {
            self.grade(.sealed) { facts in
                facts.stores = [.sealed]
                facts.sealed = key
            }
        }
        #expect(grade(.init(.passphrase)) == .strong)
        #expect(grade(.init(.credential, hasTPM: true)) == .strong)
        #expect(grade(.init(.credential)) == .fair)
        #expect(grade(.init(.file, file: "/media/key")) == .fair)
        #expect(grade(.init(.file, file: "/home/me/key", isBesideStore: true)) == .weak)
    }

    @Test("a store that no account uses is not graded")
    func unusedStores() {
        #expect(grade(.keyring) { _ in } == nil)
        #expect(grade(.helper) { _ in } == nil)
        #expect(grade(.keyring) { $0.stores = [.keyring] } == .fair)
    }

    @Test("a spawner that has ended is weak with its reason")
    func spawner() {
        #expect(grade(.hooks) { $0.spawnerFault = Fault("it has ended", hint: "run 'authagent stop'") } == .weak)
    }

    @Test("the kernel's answers about this process are those of proc(5)")
    func kernel() throws {
        let process = ProcessRestrictions.current()
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        #expect(process.hasNoNewPrivileges == status.contains("NoNewPrivs:\t1"))
        #expect(process.hasSeccompFilter == status.contains("Seccomp:\t2"))
        #expect(process.isDumpable)
        #expect(status.contains("CapBnd:\t" + String(process.boundingCapabilities, radix: 16).leftPadded(to: 16)))
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String { String(repeating: "0", count: max(0, width - count)) + self }
}
