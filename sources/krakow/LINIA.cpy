      * Lines.
       01  LINIA-REC.
           05  LINIA-NR            PIC 9(11).
           05  KONTO-NR            PIC 9(10).
           05  NUMER-TEL           PIC 9(7).
           05  RODZAJ              PIC XX.
           05  CENTRALA            PIC X(8).
           05  DATA-URUCH          PIC 9(7) COMP-3.
           05  STATUS-LINII        PIC X.
