      * Invoices and corrections, with the VAT of each rate beside each other.
       01  FAKTURA-REC.
           05  FAKTURA-NR          PIC 9(12).
           05  NUMER               PIC X(22).
           05  KONTO-NR            PIC 9(10).
           05  RODZAJ              PIC X.
               88  FAKTURA                 VALUE 'F'.
               88  KOREKTA                 VALUE 'K'.
           05  NUMER-KORYG         PIC X(22).
           05  DATA-WYST           PIC X(8).
           05  DATA-SPRZ           PIC X(8).
           05  TERMIN              PIC X(8).
           05  OKRES-OD            PIC X(8).
           05  OKRES-DO            PIC X(8).
           05  NETTO-22            PIC S9(9)V99 COMP-3.
           05  VAT-22              PIC S9(9)V99 COMP-3.
           05  NETTO-07            PIC S9(9)V99 COMP-3.
           05  VAT-07              PIC S9(9)V99 COMP-3.
           05  NETTO-ZW            PIC S9(9)V99 COMP-3.
           05  NETTO               PIC S9(9)V99 COMP-3.
           05  VAT                 PIC S9(9)V99 COMP-3.
           05  BRUTTO              PIC S9(9)V99 COMP-3.
           05  ZALEGLOSC           PIC S9(9)V99 COMP-3.
