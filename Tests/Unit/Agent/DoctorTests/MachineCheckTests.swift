import AgentAPI
import Doctor
import Foundation
import TestSupport
import Testing

struct MachineCheckTests {
    private func machine(_ files: TemporaryDirectory) -> MachinePaths {
        var machine = MachinePaths()
        machine.tpmDevice = files.path + "/tpmrm0"
        machine.tpmFirmware = files.path + "/TPM2"
        machine.systemd = files.path + "/systemd"
        machine.linger = files.path + "/linger"
        return machine
    }

    @Test("a TPM2 is found by its device; none is ok, and a missing driver gets a command")
    func tpm() throws {
        let files = try TemporaryDirectory()
        #expect(TPMFacts(machine(files)) == TPMFacts(hasDevice: false, hasFirmware: false))
        #expect(DoctorCheck.tpm(TPMFacts(machine(files))).state == .ok)
        try files.file("TPM2", "")
        let check = DoctorCheck.tpm(TPMFacts(machine(files)))
        #expect(check.state == .warning)
        #expect(check.hint?.contains("modprobe") == true)
        try files.file("tpmrm0", "")
        #expect(TPMFacts(machine(files)) == TPMFacts(hasDevice: true, hasFirmware: true))
        #expect(DoctorCheck.tpm(TPMFacts(machine(files))).state == .ok)
    }

    @Test("a user whose services end with the session gets the command, if systemd runs")
    func linger() throws {
        let files = try TemporaryDirectory()
        #expect(DoctorCheck.linger(LingerFacts(machine(files))).state == .ok)
        try files.directory("systemd")
        let facts = LingerFacts(machine(files))
        let user = try #require(facts.user)
        #expect(user == NSUserName())
        let check = DoctorCheck.linger(facts)
        #expect(check.state == .warning)
        #expect(check.hint == "run 'sudo loginctl enable-linger \(user)'")
        try files.directory("linger")
        try files.file("linger/" + user, "")
        #expect(DoctorCheck.linger(LingerFacts(machine(files))).state == .ok)
        #expect(DoctorCheck.linger(LingerFacts(hasSystemd: true, user: nil, isLingering: false)).state == .warning)
    }

    @Test("the key that systemd passes is present, missing, or readable by others; its content is not read")
    func credential() throws {
        #expect(DoctorCheck.credential(CredentialFacts([:])).state == .ok)
        let files = try TemporaryDirectory()
        let environment = ["CREDENTIALS_DIRECTORY": files.path]
        let missing = DoctorCheck.credential(CredentialFacts(environment))
        #expect(missing.state == .warning)
        #expect(missing.hint?.contains("LoadCredentialEncrypted=") == true)
        let path = try files.file("authagent-key", "a secret", mode: 0o440)
        let check = DoctorCheck.credential(CredentialFacts(environment))
        #expect(check.state == .ok)
        #expect(!check.detail.contains("a secret"))
        #expect(chmod(path, 0o644) == 0)
        #expect(DoctorCheck.credential(CredentialFacts(environment)).hint == "run 'chmod o= \(path)'")
        let unreadable = CredentialFacts(directory: "/d", mode: 0o400, isReadable: false)
        #expect(DoctorCheck.credential(unreadable).state == .problem)
    }

    @Test("a program that was replaced since its start is detected")
    func replaced() throws {
        let files = try TemporaryDirectory()
        let link = files.path + "/exe"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/usr/bin/x (deleted)")
        let program = try #require(RunningProgram(link: link))
        #expect(program == RunningProgram(path: "/usr/bin/x", isReplaced: true))
        #expect(DoctorCheck.program(program).state == .warning)
        #expect(DoctorCheck.program(program).hint?.contains("authagent stop") == true)
        #expect(DoctorCheck.program(try #require(RunningProgram())).state == .ok)
    }
}
