      * Payments.
       01  WPLATA-REC.
           05  WPLATA-NR           PIC 9(12).
           05  KONTO-NR            PIC 9(10).
           05  DATA-WPLATY         PIC X(8).
           05  KWOTA               PIC S9(9)V99 COMP-3.
           05  NIEROZLICZONE       PIC S9(9)V99 COMP-3.
           05  KANAL               PIC X.
           05  TYTUL               PIC X(50).
