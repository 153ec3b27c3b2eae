/// The program that provides the keyring, and what a person does with it. Its own commands and menus, and never those of
/// another keyring, which would end or replace the one that has the logins.
enum KeyringProgram {
    case gnomeKeyring
    case keePassXC
    case other(String)
    /// On a bus whose processes cannot be seen from here, as in a container.
    case unknown

    init(_ name: String?) {
        self =
            switch name {
            case "gnome-keyring-daemon": .gnomeKeyring
            case "keepassxc": .keePassXC
            case let name?: .other(name)
            case nil: .unknown
            }
    }

    private static let find = "'busctl --user status org.freedesktop.secrets' shows which program that is"

    var unlock: String {
        switch self {
        case .gnomeKeyring: "unlock it at the desktop, or run '\(StoreAdvice.unlock(replacing: true))'"
        case .keePassXC: "unlock the database in keepassxc"
        case .other(let name): "unlock it in \(name)"
        case .unknown: "unlock it in the program that provides it; \(Self.find)"
        }
    }

    var allowItem: String {
        switch self {
        case .keePassXC:
            "allow it in the dialog that keepassxc shows, or turn off 'Confirm when passwords are retrieved by clients'"
                + " in its settings, Secret Service Integration; 'authagent stop' has it ask anew at the next command"
        case .gnomeKeyring, .other: "allow authagent to read it in \(name)"
        case .unknown: "allow authagent to read it in the program that provides the keyring; \(Self.find)"
        }
    }

    var endHang: String {
        switch self {
        case .gnomeKeyring:
            "run 'pkill -KILL -u $(id -u) -x gnome-keyring-d', then '\(StoreAdvice.unlock(replacing: true))'"
        case .keePassXC, .other: "see why \(name) does not answer, or start it anew"
        case .unknown: "see why the program that provides the keyring does not answer; \(Self.find)"
        }
    }

    var makeCollection: String {
        switch self {
        case .gnomeKeyring:
            "run '\(StoreAdvice.unlock(replacing: true))' to make one with a password of your choice"
        case .keePassXC:
            "in keepassxc, open a database and expose a group of it (Database Settings, Secret Service Integration)"
        case .other: "create one in \(name)"
        case .unknown: "create one in the program that provides the keyring; \(Self.find)"
        }
    }

    var startAnew: String {
        switch self {
        case .gnomeKeyring: "run '\(StoreAdvice.unlock(replacing: true))' to start the keyring anew"
        case .keePassXC, .other: "see what \(name) says of it, or start it anew"
        case .unknown: "see what the program that provides the keyring says of it; \(Self.find)"
        }
    }

    private var name: String {
        switch self {
        case .gnomeKeyring: "gnome-keyring"
        case .keePassXC: "keepassxc"
        case .other(let name): name
        case .unknown: "the keyring's program"
        }
    }
}
