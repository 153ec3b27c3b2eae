import Foundation
import Testing

/// The configuration of LemonLDAP::NG: its own files, and the JSON that its manager would write.
struct LemonLDAPSettings {
    let directory: TemporaryDirectory
    let issuer: String
    let redirectURIs: [String]

    func write() async throws {
        for name in ["conf", "sessions/lock", "persistent/lock", "cache", Self.moduleDirectory] {
            try directory.directory(name)
        }
        // The portal needs a captcha module, and its only one needs ImageMagick.
        try directory.file(
            Self.moduleDirectory + "/None.pm",
            """
            package Lemonldap::NG::Portal::Captcha::None;
            use Mouse;
            extends 'Lemonldap::NG::Portal::Main::Plugin';
            sub init { 1 }
            1;
            """)
        try directory.file(
            "lemonldap-ng.ini",
            """
            [all]
            logLevel=warn
            [configuration]
            type=File
            dirName=\(directory.path)/conf
            localStorage=Cache::FileCache
            localStorageOptions={ 'cache_root' => '\(directory.path)/cache', 'namespace' => 'configuration' }
            [portal]
            staticPrefix=/static
            templateDir=/usr/share/lemonldap-ng/portal/templates
            languages=en
            """)
        let openssl = try MissingProgram.require("openssl", package: "openssl")
        let key = try await ChildProcess.run(openssl, ["genrsa", "2048"]).output
        let publicKey = try await ChildProcess.run(openssl, ["rsa", "-pubout"], input: key).output
        let json = try JSONSerialization.data(withJSONObject: settings(key: key, publicKey: publicKey))
        try directory.file("conf/lmConf-1.json", String(decoding: json, as: UTF8.self))
    }

    private static let moduleDirectory = "lib/Lemonldap/NG/Portal/Captcha"

    private func settings(key: String, publicKey: String) -> [String: Any] {
        let levels = (1...5).map { ("loa-\($0)", $0) }
        return [
            // Without a date and an author the file counts as none.
            "cfgNum": 1, "cfgDate": "1", "cfgAuthor": "test", "cfgVersion": "2.16.1",
            "portal": issuer, "domain": "127.0.0.1", "cookieName": "lemonldap", "securedCookie": 0, "key": "0123456789",
            "authentication": "Demo", "userDB": "Same", "passwordDB": "Demo", "registerDB": "Null",
            "captcha": "::Captcha::None", "requireToken": 0, "whatToTrace": "uid",
            "demoExportedVars": ["cn": "cn", "mail": "mail", "uid": "uid"],
            "locationRules": ["127.0.0.1": ["default": "accept"]],
            "globalStorage": "Apache::Session::File", "globalStorageOptions": storage("sessions"),
            "persistentStorage": "Apache::Session::File", "persistentStorageOptions": storage("persistent"),
            "localSessionStorage": "Cache::FileCache",
            "localSessionStorageOptions": ["cache_root": directory.path + "/cache", "namespace": "sessions"],
            "adaptativeAuthenticationLevelRules": ["$env->{HTTP_X_SECOND_FACTOR}": "=3"],
            "issuerDBOpenIDConnectActivation": 1, "oidcServiceAllowAuthorizationCodeFlow": 1,
            "oidcServicePrivateKeySig": key, "oidcServicePublicKeySig": publicKey, "oidcServiceKeyIdSig": "key",
            "oidcServiceMetaDataAuthnContext": Dictionary(uniqueKeysWithValues: levels),
            "oidcRPMetaDataExportedVars": ["app": ["name": "cn", "email": "mail"]],
            "oidcRPMetaDataOptions": [
                "app": [
                    "oidcRPMetaDataOptionsClientID": "app", "oidcRPMetaDataOptionsPublic": 1,
                    "oidcRPMetaDataOptionsRequirePKCE": 1, "oidcRPMetaDataOptionsRefreshToken": 1,
                    "oidcRPMetaDataOptionsRedirectUris": redirectURIs.joined(separator: " "),
                    "oidcRPMetaDataOptionsIDTokenSignAlg": "RS256", "oidcRPMetaDataOptionsUserIDAttr": "uid",
                ] as [String: Any]
            ],
        ]
    }

    private func storage(_ name: String) -> [String: String] {
        [
            "Directory": "\(directory.path)/\(name)", "LockDirectory": "\(directory.path)/\(name)/lock",
            "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256",
        ]
    }
}
