internal import ConfigurationText

/// A file of sections and keys, in which one key is set between markers.
struct SettingText {
    private let text: [UInt8]?
    private let format: SettingOutline.Format
    private let block: String

    /// `block`: the name of the markers.
    init(_ text: [UInt8]?, _ format: SettingOutline.Format, _ block: String) {
        self.text = text
        self.format = format
        self.block = block
    }

    /// Returns the text with the setting: in its section if that is there, else with a new one at the end; a key
    /// without a section at the start. Refuses one that is set already.
    func adding(_ setting: String, key: String, section: String) throws(ConfigurationProblem) -> [UInt8] {
        // Computed without an earlier block, so that the same set-up finds the same form again.
        let rest = try MarkedBlock.removed(from: text ?? []) { $0 == block } ?? []
        let outline = try SettingOutline(rest, format)
        let whole = section.isEmpty ? key : "\(section).\(key)"
        guard !outline.has(key, in: section), section.isEmpty || format == .ini || !outline.has(section, in: "") else {
            throw .taken(setting: whole)
        }
        if section.isEmpty { return try MarkedBlock(block, [setting]).written(to: text, at: .start) }
        guard let present = outline.section(section) else {
            return try MarkedBlock(block, ["[\(section)]", setting]).written(to: text)
        }
        return try MarkedBlock(block, [setting]).written(to: text, at: .offset(present.start))
    }
}
