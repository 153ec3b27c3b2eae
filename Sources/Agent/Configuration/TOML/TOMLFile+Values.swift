internal import Formats
internal import OAuth

/// The values of account files and of the agent's own settings.
extension TOMLFile {
    mutating func url<Value>(
        _ key: String, _ parse: (String) throws(URLRejection) -> Value
    ) throws(ConfigurationError) -> Value? {
        guard let text = try string(key) else { return nil }
        do throws(URLRejection) { return try parse(text) } catch {
            throw self.error(key, error.description, hint: error.hint)
        }
    }

    /// Reads a list of services' URLs, normalised, each once.
    mutating func serviceURLs(_ key: String) throws(ConfigurationError) -> [ServiceURL]? {
        guard let texts = try strings(key) else { return nil }
        var urls: [ServiceURL] = []
        for text in texts {
            let url: ServiceURL
            do throws(URLRejection) { url = try ServiceURL(parsing: text) } catch {
                let shown = DisplayText.clean(text, limit: 200)
                throw self.error(key, "'\(shown)' is not usable: \(error.description)", hint: error.hint)
            }
            if !urls.contains(url) { urls.append(url) }
        }
        return urls
    }

    mutating func choice<Value: RawRepresentable<String>>(
        _ key: String, _ type: Value.Type
    ) throws(ConfigurationError) -> Value? where Value: CaseIterable {
        guard let text = try string(key) else { return nil }
        guard let value = Value(rawValue: text) else {
            let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(key, "'\(text.prefix(80))' is not known", hint: "choose one of: \(choices)")
        }
        return value
    }

    /// Reads `90s`, `30m`, `24h` or `7d`, from one minute to one year.
    mutating func duration(_ key: String) throws(ConfigurationError) -> Duration? {
        guard let text = try string(key) else { return nil }
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
            (1..<1_000_000_000).contains(count),
            (60...31_536_000).contains(count * unit)
        else {
            throw error(key, "this is not a duration", hint: "give from \"1m\" to \"365d\", like \"12h\" or \"7d\"")
        }
        return .seconds(count * unit)
    }
}
