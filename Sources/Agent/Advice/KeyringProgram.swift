/// The program that provides the keyring, with its own commands and menus as hints. Another keyring's commands would
/// end or replace the one that holds the logins.
enum KeyringProgram {
    case gnomeKeyring
    case keePassXC
    case other(String)
    /// A program whose process is not visible from here, as in a container.
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
                + " in its settings, Secret Service Integration; after 'authagent stop' it asks again"
        case .gnomeKeyring, .other: "allow authagent to read it in \(name)"
        case .unknown: "allow authagent to read it in the program that provides the keyring; \(Self.find)"
        }
    }

    var endHang: String {
        switch self {
        case .gnomeKeyring:
            "run 'pkill -KILL -u $(id -u) -x gnome-keyring-d', then '\(StoreAdvice.unlock(replacing: true))'"
        case .keePassXC, .other: "see why \(name) does not answer, or restart it"
        case .unknown: "see why the program that provides the keyring does not answer; \(Self.find)"
        }
    }

    var makeCollection: String {
        switch self {
        case .gnomeKeyring:
            "run '\(StoreAdvice.unlock(replacing: true))' to create one with a password of your choice"
        case .keePassXC:
            "in keepassxc, open a database and expose a group of it (Database Settings, Secret Service Integration)"
        case .other: "create one in \(name)"
        case .unknown: "create one in the program that provides the keyring; \(Self.find)"
        }
    }

    var startAnew: String {
        switch self {
        case .gnomeKeyring: "run '\(StoreAdvice.unlock(replacing: true))' to restart the keyring"
        case .keePassXC, .other: "see what \(name) reports, or restart it"
        case .unknown: "see what the program that provides the keyring reports; \(Self.find)"
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
