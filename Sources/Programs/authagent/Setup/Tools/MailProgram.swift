internal import ArgumentParser

/// What a mail program's configuration is made of.
struct MailSettings {
    /// The account's name in the mail program.
    var name: String
    /// Prints the bare access token.
    var command: String
    var host: String?
    var user: String?
    /// `nil`: the program's usual one.
    var mechanism: String?
}

/// A mail program that runs a command for its token.
enum MailProgram: String, CaseIterable, ExpressibleByArgument {
    case msmtp
    case mutt
    case neomutt
    case mbsync
    case getmail

    /// The file that the program reads, by its manual.
    func path(_ place: SetupPlace) -> String {
        let (home, configuration) = (place.home, place.configuration)
        return switch self {
        case .msmtp: place.first(home + "/.msmtprc", configuration + "/msmtp/config")
        case .mutt: place.first(home + "/.muttrc", home + "/.mutt/muttrc", configuration + "/mutt/muttrc")
        case .neomutt:
            place.first(
                configuration + "/neomutt/neomuttrc", home + "/.neomuttrc", home + "/.neomutt/neomuttrc")
        case .mbsync: place.first(home + "/.mbsyncrc", configuration + "/isyncrc")
        case .getmail: place.first(configuration + "/getmail/getmailrc", home + "/.getmail/getmailrc")
        }
    }

    /// The name of its lines' markers.
    var block: String { "mail-\(rawValue)" }

    /// Whether lines can be added to its file; getmail has one server in a file.
    var isWritten: Bool { self != .getmail }

    /// Whether its lines name the server; mutt's are about any.
    var needsServer: Bool { self == .msmtp || self == .mbsync }

    /// What its configuration is keyed by: the server and the user there.
    func key(_ mail: MailSettings) -> String {
        needsServer ? "\(mail.user ?? "USER")@\(mail.host ?? "HOST")" : "any"
    }

    /// The setting of a line, if the program takes it once only: two make it fail, or the last one decides.
    func single(_ line: Substring, _ mail: MailSettings) -> String? {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == "=" }
        guard words.count > 1 else { return nil }
        let second = words[1].filter { $0 != "\"" }
        switch self {
        case .msmtp:
            return words[0] == "account" && second.prefix { $0 != ":" } == mail.name ? "account \(mail.name)" : nil
        case .mbsync:
            return words[0].lowercased() == "imapaccount" && second == mail.name ? "IMAPAccount \(mail.name)" : nil
        case .mutt, .neomutt:
            return words[0] == "set" && second.hasSuffix("_oauth_refresh_command") ? second : nil
        case .getmail: return nil
        }
    }

    func lines(_ mail: MailSettings) -> [String] {
        let (host, user) = (mail.host ?? "HOST", mail.user ?? "USER")
        switch self {
        case .msmtp:
            // Its OAUTHBEARER is part of a command line, which servers limit to less than a signed token.
            return [
                "account \(mail.name)", "host \(host)", "port 587", "tls on", "tls_starttls on",
                "auth \(mail.mechanism ?? "xoauth2")", "user \(user)", "from \(user)",
                "passwordeval \"\(mail.command)\"",
            ]
        case .mutt, .neomutt:
            return ["imap", "smtp", "pop"].flatMap { service in
                [
                    "set \(service)_authenticators = \"\(mail.mechanism ?? "oauthbearer:xoauth2")\"",
                    "set \(service)_oauth_refresh_command = \"\(mail.command)\"",
                ]
            }
        case .mbsync:
            // Debian has a SASL module for XOAUTH2 alone.
            return [
                "IMAPAccount \(mail.name)", "Host \(host)", "User \(user)", "SSLType IMAPS",
                "AuthMechs \((mail.mechanism ?? "xoauth2").uppercased())", "PassCmd \"\(mail.command)\"", "",
            ]
        case .getmail:
            let words = mail.command.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", ")
            return [
                "[retriever]", "type = SimpleIMAPSSLRetriever", "server = \(host)", "username = \(user)",
                "use_xoauth2 = True", "password_command = (\(words))",
            ]
        }
    }

    /// What the user does besides.
    func remark(_ mail: MailSettings) -> String? {
        switch self {
        case .msmtp: "msmtp -a \(mail.name) ADDRESS, or 'account default : \(mail.name)' in the same file"
        case .mbsync:
            "apt-get install libsasl2-modules-kdexoauth2, and name the account in an IMAPStore: 'Account \(mail.name)'"
        case .mutt, .neomutt, .getmail: nil
        }
    }
}
