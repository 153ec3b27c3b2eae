/// The identifiers of the messages that programs look for in the journal (MESSAGE_ID of systemd.journal-fields(7)).
///
/// They are in authagentd(8). A message may be worded anew; its identifier stays.
enum MessageID {
    static let known: [String: String] = [
        "serving": "0e2e2f29cd7d4b1bb9b6d3dad5a10231",
        "agent stopped": "66610cdf86d64c22939c6180b9914a62",
        "decided": "92870702524e4128b987b96b19ad9b8c",
        "login started": "8d4d0327574241a0b4e6014582c23c54",
        "login done": "faa16cd8bdba4fd696c0384aca3ec433",
        "login failed": "a0d7bee75b2a45b28132d8f0aac50ad2",
        "login required": "428f4b3dbf2d4807ad7b69197dcbd42b",
        "a login expires": "39b00b2fc8b94d97a9d0f86ea82abbbc",
        "a login is not saved": "b9b93418c00c45f59205abd40868298f",
        "logged out": "64924e2c09af403db30ee23429e6853c",
        "locked": "ab53d3e016fc4f5eb9c99c6583d64391",
        "unlocked": "1af1cee935a94656a2f85bde2ab75fe8",
        "reload refused": "8e82decaea3342c2994a30d4c7cf2c8e",
        "audit lines are lost": "4d00c8c8fd20471facc4d6e37b27b2aa",
    ]
}
