/// The reason why a configuration file is left as it is.
package enum ConfigurationProblem: Error, Equatable, Sendable {
    /// Not in the file's format, from this line on.
    case malformed(line: Int)
    /// A marker of this program without its counterpart, or twice.
    case marker(line: Int)
    /// The lines between the markers are not those that this program wrote.
    case changed(block: String, line: Int)
    /// The file already has this setting with another value.
    case taken(setting: String)
    /// The file has a setting that the new one would hide.
    case hidden(setting: String, remedy: String)

    /// The end of the sentence "cannot change FILE: …".
    package var reason: String {
        switch self {
        case .malformed(let line): "line \(line) is not understood"
        case .marker(let line): "the authagent marker in line \(line) is incomplete or there twice"
        case .changed(let block, let line): "the lines after '# authagent begin \(block)' in line \(line) were changed"
        case .taken(let setting): "it has '\(setting)' already"
        case .hidden(let setting, _): "the new setting would hide '\(setting)'"
        }
    }

    package var hint: String {
        switch self {
        case .malformed: "repair the file, or run the same command without --write and add the lines yourself"
        case .marker, .changed: "move lines of your own out of the block, or remove the block yourself"
        case .taken: "change that setting yourself: without --write this command prints what is needed"
        case .hidden(_, let remedy): remedy
        }
    }
}
