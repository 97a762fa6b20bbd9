      * Billing accounts.
       01  KONTO-REC.
           05  KONTO-NR            PIC 9(10).
           05  NR-EWID             PIC X(11).
           05  ABON-NR             PIC 9(9).
           05  PLATNIK-NR          PIC 9(9).
           05  DATA-OTW            PIC 9(7) COMP-3.
           05  SALDO-OTW           PIC S9(9)V99 COMP-3.
           05  SALDO-ZAM           PIC S9(9)V99 COMP-3.
           05  DATA-SALDA          PIC X(8).
           05  CYKL                PIC 99.
           05  FORMA               PIC X.
           05  LIMIT-KRED          PIC S9(9)V99 COMP-3.
           05  STATUS-KONTA        PIC X.
