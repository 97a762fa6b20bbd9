      * One file of variable records.  REC-TYP says which of the groups
      * below, which all redefine REC-DANE, describes the record.
       01  ABON-REC.
           05  REC-TYP             PIC XX.
           05  REC-DANE            PIC X(135).
      *    01: Subscribers: persons.
           05  OSOBA REDEFINES REC-DANE.
               10  ABON-NR             PIC 9(9).
               10  NAZWISKO            PIC X(30).
               10  IMIONA              PIC X(30).
               10  PESEL               PIC X(11).
               10  DATA-UR             PIC X(7).
               10  PLEC                PIC X.
               10  DOWOD               PIC X(12).
               10  TELEFON             PIC X(24).
               10  STATUS-AB           PIC X.
               10  DATA-UMOWY          PIC X(5).
               10  DATA-AKT            PIC X(5).
      *    02: Subscribers: firms and institutions.
           05  FIRMA REDEFINES REC-DANE.
               10  FIRMA-NR            PIC 9(9).
               10  FIRMA-TYP           PIC X.
               10  FIRMA-NAZWA         PIC X(59).
               10  FIRMA-NIP           PIC X(13).
               10  FIRMA-REGON         PIC X(9).
               10  FIRMA-TELEFON       PIC X(24).
               10  FIRMA-STATUS        PIC X.
               10  FIRMA-UMOWA         PIC X(5).
               10  FIRMA-AKT           PIC X(5).
      *    03: Addresses; role 1 registered, 2 installation, 3 correspondence.
           05  ADRES REDEFINES REC-DANE.
               10  ADR-ABON            PIC 9(9).
               10  ADR-ROLA            PIC X.
               10  ADR-ULICA           PIC X(36).
               10  ADR-DOM             PIC X(12).
               10  ADR-KOD             PIC X(6).
               10  ADR-MIEJSC          PIC X(28).
               10  ADR-POCZTA          PIC X(28).
      *    10: Billing accounts; the sign is in the last digit.
           05  KONTO REDEFINES REC-DANE.
               10  KTO-ABON            PIC 9(9).
               10  KTO-NR              PIC 9(10).
               10  KTO-EWID            PIC X(11).
               10  KTO-PLATNIK         PIC 9(9).
               10  KTO-OTW             PIC X(5).
               10  KTO-SALDO-OTW       PIC S9(9)V99.
               10  KTO-SALDO-ZAM       PIC S9(9)V99.
               10  KTO-NA-DZIEN        PIC X(5).
               10  KTO-CYKL            PIC 9.
               10  KTO-STATUS          PIC X.
      *    11: Lines.
           05  LINIA REDEFINES REC-DANE.
               10  LIN-KONTO           PIC 9(10).
               10  LIN-NR              PIC 9(11).
               10  LIN-STREFA          PIC 99.
               10  LIN-NUMER           PIC 9(7).
               10  LIN-RODZAJ          PIC X.
               10  LIN-CENTRALA        PIC 9(3).
               10  LIN-URUCH           PIC X(5).
               10  LIN-STATUS          PIC X.
      *    12: What is subscribed.
           05  USLUGA REDEFINES REC-DANE.
               10  USL-KONTO           PIC 9(10).
               10  USL-NR              PIC 9(12).
               10  USL-LINIA           PIC 9(11).
               10  USL-TARYFA          PIC X(5).
               10  USL-OPLATA          PIC S9(5)V99.
               10  USL-OD              PIC X(5).
      *    20: Invoices and corrections.
           05  FAKTURA REDEFINES REC-DANE.
               10  FAK-KONTO           PIC 9(10).
               10  FAK-NR              PIC 9(12).
               10  FAK-NUMER           PIC X(22).
               10  FAK-RODZAJ          PIC XX.
               10  FAK-KORYG           PIC X(22).
               10  FAK-WYST            PIC X(5).
               10  FAK-TERMIN          PIC X(5).
               10  FAK-OD              PIC X(5).
               10  FAK-DO              PIC X(5).
               10  FAK-NETTO           PIC S9(9)V99.
               10  FAK-VAT             PIC S9(9)V99.
               10  FAK-BRUTTO          PIC S9(9)V99.
               10  FAK-ZALEGL          PIC S9(9)V99.
      *    21: Lines of invoices.
           05  POZYCJA REDEFINES REC-DANE.
               10  POZ-FAKTURA         PIC 9(12).
               10  POZ-LP              PIC 9(4) COMP.
               10  POZ-OPIS            PIC X(30).
               10  POZ-LINIA           PIC 9(11).
               10  POZ-STAWKA          PIC XX.
               10  POZ-NETTO           PIC S9(9)V99.
      *    22: VAT of an invoice at one rate.
           05  PODATEK REDEFINES REC-DANE.
               10  POD-FAKTURA         PIC 9(12).
               10  POD-STAWKA          PIC XX.
               10  POD-NETTO           PIC S9(9)V99.
               10  POD-VAT             PIC S9(9)V99.
      *    30: Payments.
           05  WPLATA REDEFINES REC-DANE.
               10  WPL-KONTO           PIC 9(10).
               10  WPL-NR              PIC 9(12).
               10  WPL-DATA            PIC X(5).
               10  WPL-KWOTA           PIC S9(9)V99.
               10  WPL-RESZTA          PIC S9(7)V99 COMP-3.
               10  WPL-KANAL           PIC XX.
               10  WPL-TYTUL           PIC X(50).
      *    31: What each payment settles.
           05  ROZLICZ REDEFINES REC-DANE.
               10  ROZ-WPLATA          PIC 9(12).
               10  ROZ-FAKTURA         PIC 9(12).
               10  ROZ-KWOTA           PIC S9(9)V99.
      *    40: Other bookings; W (Wn) raises the balance, M (Ma) lowers it.
           05  KOREKTA REDEFINES REC-DANE.
               10  KOR-KONTO           PIC 9(10).
               10  KOR-NR              PIC 9(12).
               10  KOR-RODZAJ          PIC XX.
               10  KOR-DATA            PIC X(5).
               10  KOR-KWOTA           PIC 9(9)V99.
               10  KOR-STRONA          PIC X.
               10  KOR-OPIS            PIC X(20).
