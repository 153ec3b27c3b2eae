internal import AgentAPI
internal import ArgumentParser
internal import ConfigurationText
internal import System

struct SetupMail: SetupTool {
    static let configuration = CommandConfiguration(
        commandName: "mail",
        abstract: "mail programs: msmtp, mutt, neomutt, mbsync, getmail.",
        discussion: "They ask for the access token at each connection, and build the SASL string themselves."
    )

    @OptionGroup var common: SetupOptions

    @Option(help: "msmtp, mutt, neomutt, mbsync or getmail; without it all are printed.")
    var program: MailProgram?

    @Option(help: ArgumentHelp("The mail server.", valueName: "name"))
    var host: String?

    @Option(help: ArgumentHelp("The user at that server, usually the mail address.", valueName: "name"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "The account's name in msmtp and mbsync, for a second server; without it the account's own.",
            valueName: "name"),
        transform: AccountName.argument)
    var name: AccountName?

    @Option(
        help: ArgumentHelp(
            "Only this one of oauthbearer and xoauth2; Microsoft has the latter alone.", valueName: "name"))
    var mechanism: String?

    func validate() throws {
        guard mechanism.map({ ["oauthbearer", "xoauth2"].contains($0) }) ?? true else {
            throw ValidationError("--mechanism must be oauthbearer or xoauth2")
        }
        for text in [host, user].compactMap({ $0 }) {
            guard !text.isEmpty, text.utf8.allSatisfy(SetupPlace.isPlain) else {
                throw ValidationError("'\(Console.clean(text))' has characters that it cannot have")
            }
        }
    }

    func plan(_ place: SetupPlace) throws -> SetupPlan {
        let account = try place.subject().name
        let mail = MailSettings(
            name: (name ?? account).description, command: "\(place.program) token \(account)", host: host, user: user,
            mechanism: mechanism)
        var plan = SetupPlan()
        for one in program.map({ [$0] }) ?? MailProgram.allCases {
            plan.show(one.path(place), one.lines(mail))
            if let remark = one.remark(mail) { plan.remarks.append(remark) }
        }
        guard let program else {
            plan.obstacle = .init("the mail program is not named", hint: "add --program NAME")
            return plan
        }
        guard program.isWritten else { return plan }
        let block = MarkedBlock(BlockName(program.block, account, program.key(mail)).text, program.lines(mail))
        let path = program.path(place)
        plan.changes = [
            FileChange(path: path) { text in
                let rest = try MarkedBlock.removed(from: text ?? []) { $0 == block.name } ?? []
                let lines = String(decoding: rest, as: UTF8.self).split(whereSeparator: \.isNewline)
                if let setting = lines.lazy.compactMap({ program.single($0, mail) }).first {
                    throw Failure(
                        "cannot change \(path): it has '\(setting)' already",
                        hint: program.needsServer
                            ? "choose another name with --name, or take the other out first with --undo --write"
                            : "change that setting yourself: without --write this command prints what is needed")
                }
                return try block.written(to: text)
            }
        ]
        if program.needsServer, host == nil || user == nil {
            plan.obstacle = .init(
                "\(program.rawValue) needs the server and the user", hint: "add --host NAME and --user NAME")
        }
        return plan
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] {
        (program.map { [$0] } ?? MailProgram.allCases).filter(\.isWritten).map { one in
            let blocks = BlockChoice(tool: one.block, account: common.account) { [host, user] block in
                guard one.needsServer else { return true }
                return (host.map { block.key.hasSuffix("@\($0)") } ?? true)
                    && (user.map { block.key.hasPrefix("\($0)@") } ?? true)
            }
            return .remove(blocks, from: one.path(place))
        }
    }
}
