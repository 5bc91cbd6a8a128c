/// What the pages say of themselves, around the form's own texts.
struct PageWords: Sendable {
  let next: String
  let back: String
  let send: String
  let required: String
  let noAnswer: String
  let problems: String
  let moreQuestions: String
  let thanks: String
  let change: String
  let alreadyAnswered: String
  let notYet: String
  let over: String
  let gone: String
  let missing: String
  let notTicked: String
  let notANumber: String
  let tooSmall: String
  let tooGreat: String
  let notADate: String
  let notAnEmail: String
  let tooLong: String
  let notAccepted: String
  let changedMeanwhile: String
  let busy: String

  /// The words of a language; English where it is none of ours.
  static func of(_ language: String) -> PageWords {
    switch language {
    case "fr": french
    case "nl": dutch
    case "de": german
    default: english
    }
  }

  /// What is said of an answer that is not accepted.
  func text(_ problem: AnswerProblem) -> String {
    switch problem {
    case .missing: missing
    case .notTicked: notTicked
    case .notANumber: notANumber
    case .tooSmall(let least): "\(tooSmall) \(least)."
    case .tooGreat(let greatest): "\(tooGreat) \(greatest)."
    case .notADate: notADate
    case .notAnEmail: notAnEmail
    case .tooLong(let most): "\(tooLong) \(most)."
    case .notAChoice, .notARating, .notText, .wrongKind: notAccepted
    }
  }

  private static let english = PageWords(
    next: "Next", back: "Back", send: "Send", required: "required", noAnswer: "No answer",
    problems: "Please look at these answers again:", moreQuestions: "There is something more to answer.",
    thanks: "Thank you for your answers.", change: "Change my answers",
    alreadyAnswered: "You have answered already. Thank you.", notYet: "This form is not open yet.",
    over: "This form takes no answers any more.", gone: "This address is not valid any more.",
    missing: "Please answer this question.", notTicked: "Please tick this box.", notANumber: "Please enter a number.",
    tooSmall: "The least number is", tooGreat: "The greatest number is",
    notADate: "Please enter a date such as 2026-01-31.", notAnEmail: "Please enter an e-mail address.",
    tooLong: "The text is too long. The most characters are", notAccepted: "Please choose one of the answers.",
    changedMeanwhile: "The form was changed meanwhile. Please look at your answers and send them again.",
    busy: "Very many people answer just now. Please send your answers again in a minute.")

  private static let french = PageWords(
    next: "Suivant", back: "Retour", send: "Envoyer", required: "obligatoire", noAnswer: "Sans réponse",
    problems: "Veuillez revoir ces réponses :", moreQuestions: "Il reste une question.",
    thanks: "Merci pour vos réponses.", change: "Modifier mes réponses",
    alreadyAnswered: "Vous avez déjà répondu. Merci.", notYet: "Ce formulaire n’est pas encore ouvert.",
    over: "Ce formulaire n’accepte plus de réponses.", gone: "Cette adresse n’est plus valable.",
    missing: "Veuillez répondre à cette question.", notTicked: "Veuillez cocher cette case.",
    notANumber: "Veuillez entrer un nombre.", tooSmall: "Le plus petit nombre est",
    tooGreat: "Le plus grand nombre est", notADate: "Veuillez entrer une date comme 2026-01-31.",
    notAnEmail: "Veuillez entrer une adresse e-mail.",
    tooLong: "Le texte est trop long. Le nombre maximal de caractères est",
    notAccepted: "Veuillez choisir l’une des réponses.",
    changedMeanwhile: "Le formulaire a changé entre-temps. Veuillez revoir vos réponses et les renvoyer.",
    busy: "Il y a beaucoup de réponses en ce moment. Veuillez renvoyer les vôtres dans une minute.")

  private static let dutch = PageWords(
    next: "Volgende", back: "Terug", send: "Verzenden", required: "verplicht", noAnswer: "Geen antwoord",
    problems: "Bekijk deze antwoorden nog eens:", moreQuestions: "Er is nog een vraag.",
    thanks: "Bedankt voor uw antwoorden.", change: "Mijn antwoorden wijzigen",
    alreadyAnswered: "U hebt al geantwoord. Bedankt.", notYet: "Dit formulier is nog niet open.",
    over: "Dit formulier neemt geen antwoorden meer aan.", gone: "Dit adres is niet meer geldig.",
    missing: "Beantwoord deze vraag.", notTicked: "Vink dit vakje aan.", notANumber: "Vul een getal in.",
    tooSmall: "Het kleinste getal is", tooGreat: "Het grootste getal is",
    notADate: "Vul een datum in zoals 2026-01-31.", notAnEmail: "Vul een e-mailadres in.",
    tooLong: "De tekst is te lang. Het hoogste aantal tekens is", notAccepted: "Kies een van de antwoorden.",
    changedMeanwhile: "Het formulier is intussen gewijzigd. Bekijk uw antwoorden en verzend ze opnieuw.",
    busy: "Er antwoorden nu heel veel mensen. Verzend uw antwoorden over een minuut opnieuw.")

  private static let german = PageWords(
    next: "Weiter", back: "Zurück", send: "Senden", required: "erforderlich", noAnswer: "Keine Antwort",
    problems: "Bitte sehen Sie sich diese Antworten noch einmal an:", moreQuestions: "Es gibt noch eine Frage.",
    thanks: "Vielen Dank für Ihre Antworten.", change: "Meine Antworten ändern",
    alreadyAnswered: "Sie haben bereits geantwortet. Vielen Dank.",
    notYet: "Dieses Formular ist noch nicht geöffnet.", over: "Dieses Formular nimmt keine Antworten mehr an.",
    gone: "Diese Adresse ist nicht mehr gültig.", missing: "Bitte beantworten Sie diese Frage.",
    notTicked: "Bitte kreuzen Sie dieses Feld an.", notANumber: "Bitte geben Sie eine Zahl ein.",
    tooSmall: "Die kleinste Zahl ist", tooGreat: "Die größte Zahl ist",
    notADate: "Bitte geben Sie ein Datum ein, etwa 2026-01-31.", notAnEmail: "Bitte geben Sie eine E-Mail-Adresse ein.",
    tooLong: "Der Text ist zu lang. Die höchste Zahl der Zeichen ist",
    notAccepted: "Bitte wählen Sie eine der Antworten.",
    changedMeanwhile: "Das Formular wurde inzwischen geändert. Bitte prüfen Sie Ihre Antworten und senden Sie erneut.",
    busy: "Gerade antworten sehr viele. Bitte senden Sie Ihre Antworten in einer Minute noch einmal.")
}
