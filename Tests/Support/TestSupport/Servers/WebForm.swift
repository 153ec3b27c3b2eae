/// The first form of a page.
struct WebForm {
    /// `nil`: the page's own address.
    let action: String?
    private let fields: [String: String]
    /// The names of buttons, of which the person presses one.
    private let buttons: Set<String>

    /// `nil` if the page has no form with a field.
    init?(of page: String) {
        let forms = page.matches(of: /<form\b([^>]*)>(.*?)<\/form>/.dotMatchesNewlines())
        guard let form = forms.first(where: { $0.2.contains("<input") }) else { return nil }
        let action = Self.attributes(form.1)["action"] ?? ""
        self.action = ["", "#"].contains(action) ? nil : action
        var fields: [String: String] = [:]
        for tag in form.2.matches(of: /<input\b([^>]*)>/.dotMatchesNewlines()) {
            let attributes = Self.attributes(tag.1)
            if let name = attributes["name"] { fields[name] = attributes["value"] ?? "" }
        }
        self.fields = fields
        buttons = Set(form.2.matches(of: /<button\b([^>]*)>/).compactMap { Self.attributes($0.1)["name"] })
    }

    /// Its fields, with the answers that it has a field or a button for.
    func filled(with answers: [String: String]) -> [String: String] {
        let known = answers.filter { fields[$0.key] != nil || buttons.contains($0.key) }
        return fields.merging(known) { $1 }
    }

    private static func attributes(_ tag: Substring) -> [String: String] {
        var attributes: [String: String] = [:]
        for match in tag.matches(of: /([A-Za-z-]+)\s*=\s*"([^"]*)"/) {
            attributes[String(match.1)] = plain(match.2)
        }
        return attributes
    }

    /// What servers escape in attributes.
    private static func plain(_ text: Substring) -> String {
        let entities = ["&quot;": "\"", "&#34;": "\"", "&#39;": "'", "&#43;": "+", "&lt;": "<", "&gt;": ">"]
        let plain = entities.reduce(String(text)) { $0.replacing($1.key, with: $1.value) }
        return plain.replacing("&amp;", with: "&")
    }
}
