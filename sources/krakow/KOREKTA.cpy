      * Bookings that are neither invoice nor payment; plus raises the balance.
       01  KOREKTA-REC.
           05  KOREKTA-NR          PIC 9(12).
           05  KONTO-NR            PIC 9(10).
           05  RODZAJ              PIC XX.
           05  DATA-KS             PIC X(8).
           05  KWOTA               PIC S9(9)V99 COMP-3.
           05  OPIS                PIC X(30).
