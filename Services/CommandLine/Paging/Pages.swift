import Messages

// Every list of the API, by the name that its items have there.

extension AccessV1.ListEntitiesRequest: PagedRequest {}
extension AccessV1.ListEntitiesResponse: Page {
  var items: [AccessV1.Entity] {
    get { entities }
    set { entities = newValue }
  }
}

extension AccessV1.ListKeysRequest: PagedRequest {}
extension AccessV1.ListKeysResponse: Page {
  var items: [AccessV1.Key] {
    get { keys }
    set { keys = newValue }
  }
}

extension ProfilesV1.ListProfileTablesRequest: PagedRequest {}
extension ProfilesV1.ListProfileTablesResponse: Page {
  var items: [ProfilesV1.ProfileTable] {
    get { profileTables }
    set { profileTables = newValue }
  }
}

extension ProfilesV1.ListProfilesRequest: PagedRequest {}
extension ProfilesV1.ListProfilesResponse: Page {
  var items: [ProfilesV1.Profile] {
    get { profiles }
    set { profiles = newValue }
  }
}

extension ProfilesV1.ListFieldChangesRequest: PagedRequest {}
extension ProfilesV1.ListFieldChangesResponse: Page {
  var items: [ProfilesV1.FieldChange] {
    get { changes }
    set { changes = newValue }
  }
}

extension ProfilesV1.ListProfileImportsRequest: PagedRequest {}
extension ProfilesV1.ListProfileImportsResponse: Page {
  var items: [ProfilesV1.ProfileImport] {
    get { imports }
    set { imports = newValue }
  }
}

extension ProfilesV1.ListRefusedLinesRequest: PagedRequest {}
extension ProfilesV1.ListRefusedLinesResponse: Page {
  var items: [TypeV1.RefusedLine] {
    get { lines }
    set { lines = newValue }
  }
}

extension TablesV1.ListCustomTablesRequest: PagedRequest {}
extension TablesV1.ListCustomTablesResponse: Page {
  var items: [TablesV1.CustomTable] {
    get { customTables }
    set { customTables = newValue }
  }
}

extension TablesV1.ListRowsRequest: PagedRequest {}
extension TablesV1.ListRowsResponse: Page {
  var items: [TablesV1.Row] {
    get { rows }
    set { rows = newValue }
  }
}

extension TablesV1.ListRowImportsRequest: PagedRequest {}
extension TablesV1.ListRowImportsResponse: Page {
  var items: [TablesV1.RowImport] {
    get { imports }
    set { imports = newValue }
  }
}

extension TablesV1.ListRefusedLinesRequest: PagedRequest {}
extension TablesV1.ListRefusedLinesResponse: Page {
  var items: [TypeV1.RefusedLine] {
    get { lines }
    set { lines = newValue }
  }
}

extension TargetingV1.ListTargetingsRequest: PagedRequest {}
extension TargetingV1.ListTargetingsResponse: Page {
  var items: [TargetingV1.Targeting] {
    get { targetings }
    set { targetings = newValue }
  }
}

extension InteractionsV1.ListInteractionsRequest: PagedRequest {}
extension InteractionsV1.ListInteractionsResponse: Page {
  var items: [InteractionsV1.Interaction] {
    get { interactions }
    set { interactions = newValue }
  }
}

extension TargetingV1.ListTargetedProfilesRequest: PagedRequest {}
extension TargetingV1.ListTargetedProfilesResponse: Page {
  var items: [String] {
    get { profiles }
    set { profiles = newValue }
  }
}

extension MessagingV1.ListSendersRequest: PagedRequest {}
extension MessagingV1.ListSendersResponse: Page {
  var items: [MessagingV1.Sender] {
    get { senders }
    set { senders = newValue }
  }
}

extension MessagingV1.ListCampaignsRequest: PagedRequest {}
extension MessagingV1.ListCampaignsResponse: Page {
  var items: [MessagingV1.Campaign] {
    get { campaigns }
    set { campaigns = newValue }
  }
}

extension MessagingV1.ListMessagesRequest: PagedRequest {}
extension MessagingV1.ListMessagesResponse: Page {
  var items: [MessagingV1.Message] {
    get { messages }
    set { messages = newValue }
  }
}

extension FormsV1.ListFormsRequest: PagedRequest {}
extension FormsV1.ListFormsResponse: Page {
  var items: [FormsV1.Form] {
    get { forms }
    set { forms = newValue }
  }
}

extension FormsV1.ListParticipationsRequest: PagedRequest {}
extension FormsV1.ListParticipationsResponse: Page {
  var items: [FormsV1.Participation] {
    get { participations }
    set { participations = newValue }
  }
}

extension AutomationV1.ListScenariosRequest: PagedRequest {}
extension AutomationV1.ListScenariosResponse: Page {
  var items: [AutomationV1.Scenario] {
    get { scenarios }
    set { scenarios = newValue }
  }
}

extension AutomationV1.ListExecutionsRequest: PagedRequest {}
extension AutomationV1.ListExecutionsResponse: Page {
  var items: [AutomationV1.Execution] {
    get { executions }
    set { executions = newValue }
  }
}
